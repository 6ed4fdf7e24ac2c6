"""One Database for all who use a SQLite file in a process and event loop."""

import asyncio
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from hershy.errors import RepositoryUnavailable
from hershy.testing.contracts._samples import sample_program, sample_record
from hershy.testing.contracts.tokens import sample_token
from hershy_adapters.sql._sqlite import sqlite_engines
from hershy_adapters.sql.repository import SqlRepository
from hershy_adapters.sql.tokens import SqlTokens

from .databases import OWNER, opened

DEADLINE = timedelta(seconds=10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hershy.db"


@pytest.fixture
def count_connections(path: Path) -> Callable[[], int]:
    """How many connections are open to the file, by this process's descriptors of it."""

    def count() -> int:
        return [it.readlink() for it in Path("/proc/self/fd").iterdir() if it.is_symlink()].count(path)

    return count


async def test_repository_and_tokens_write_by_one_connection(path: Path) -> None:
    """Under whichever name they know the file: only the first one's engines ever connect."""
    (path.parent / "link.db").symlink_to(path)
    engines = [sqlite_engines(it, DEADLINE) for it in (path, path.with_name("link.db"))]
    connected: list[int] = []
    for number, it in enumerate(engines):
        event.listen(it.writer.sync_engine, "connect", lambda *_, number=number: connected.append(number))
    repository, tokens = SqlRepository(engines[0], OWNER), SqlTokens(engines[1], OWNER)
    await repository.add([sample_record(sample_program())])
    await tokens.add(sample_token())
    assert connected == [0]
    await tokens.aclose()
    await repository.aclose()


async def test_the_last_one_closes_it(path: Path, count_connections: Callable[[], int]) -> None:
    """Whoever has closed says so; the others work on; in the end no descriptor is left, and then it opens again."""
    first, second = (SqlRepository(sqlite_engines(path, DEADLINE), OWNER) for _ in range(2))
    await first.add([sample_record(sample_program())])
    assert len(await second.list()) == 1
    for _ in range(2):
        await first.aclose()
    with pytest.raises(RepositoryUnavailable, match="closed"):
        await first.list()
    await second.add([sample_record(sample_program(2))])
    assert count_connections() > 0
    await second.aclose()
    assert count_connections() == 0
    async with opened(path) as third:
        assert len(await third.list()) == 2


async def test_each_event_loop_has_its_own(path: Path) -> None:
    """In another thread, at the same time, on the same file: neither waits for locks of the other's loop."""

    async def add(number: int) -> None:
        async with opened(path) as repository:
            await repository.add([sample_record(sample_program(number))])

    async with opened(path) as repository:
        await repository.list()
        await asyncio.gather(*(asyncio.to_thread(asyncio.run, add(it)) for it in (1, 2)), add(3))
        assert len(await repository.list()) == 3


async def test_a_forked_child_is_refused(path: Path) -> None:
    """SQLite would believe that it holds the locks of its parent: what was open, and what it opens anew."""
    async with opened(path) as repository:
        await repository.list()
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # should it go on to use the connections, it may hang
            refused = 0
            try:
                for it in (repository, SqlRepository(sqlite_engines(path, DEADLINE), OWNER)):
                    with pytest.raises(RepositoryUnavailable, match="was forked"):
                        it.list().send(None)
                    refused += 1
            finally:
                os._exit(refused)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 2
        await repository.list()
