"""SqlRepository on a SQLite file: the contract, and what a file adds to it."""

import asyncio
import json
import resource
import sqlite3
import stat
import threading
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from hershy.core.ids import OwnerID
from hershy.errors import AlreadyExists, ProgramNotFound, RepositoryUnavailable
from hershy.programs.domain.program import ProgramOptions
from hershy.testing.contracts._samples import NOW, sample_program, sample_record
from hershy.testing.contracts.repository import RepositoryContract, cancelled_after
from hershy_adapters.sql import _pruning
from hershy_adapters.sql._sqlite import sqlite_engines
from hershy_adapters.sql.repository import SqlRepository

from .databases import OWNER, opened, sql

SECRET = "hunter2"  # of a program's environment
OTHER = OwnerID("f" * 16)
SOON = timedelta(seconds=1)  # time enough for a machine that is busy with other things


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "root" / "hershy.db"


@pytest.fixture
async def repository(path: Path) -> AsyncIterator[SqlRepository]:
    async with opened(path) as repository:
        yield repository


class TestSqlRepositoryOnSqlite(RepositoryContract):
    """The fixture ``repository`` is this module's."""


async def test_everything_is_there_after_reopening(path: Path) -> None:
    """Programs and journal are read back equal, and ids go on where they were."""
    async with opened(path) as repository:
        (record,) = await repository.add([sample_record(sample_program())])
        saved = await repository.save(sample_record(record.program))
    assert [it.name for it in path.parent.iterdir()] == ["hershy.db"]  # whole again: one file to copy
    async with opened(path) as repository:
        assert list(await repository.list()) == [saved.program]
        assert list(await repository.journal()) == [record.entry, saved.entry]
        assert (await repository.save(sample_record(saved.program))).entry.id > saved.entry.id


async def test_files_are_for_their_owners_eyes(repository: SqlRepository, path: Path) -> None:
    """The file, what SQLite puts beside it, and the folder if it had to be made."""
    await repository.add([sample_record(sample_program())])
    modes = {it.name: stat.S_IMODE(it.stat().st_mode) for it in path.parent.iterdir()}
    assert modes == {"hershy.db": 0o600, "hershy.db-wal": 0o600, "hershy.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_commit_is_on_the_disk(path: Path) -> None:
    """Every connection syncs at each commit, keeps a write-ahead log, and waits for less than the deadline."""
    engines = sqlite_engines(path, timedelta(seconds=10))
    engines.prepare()
    for engine in (engines.writer, engines.reader):
        async with engine.connect() as connection:
            for pragma, value in (
                ("synchronous", 2),
                ("journal_mode", "wal"),
                ("foreign_keys", 1),
                ("busy_timeout", 5000),
            ):
                assert (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar() == value
    await engines.dispose()


async def test_two_owners_do_not_see_each_other(path: Path) -> None:
    """Same ids and ports, other owners: each sees, changes, removes and prunes its own only."""
    async with opened(path) as repository, opened(path, OTHER) as other:
        (mine,) = await repository.add([sample_record(sample_program())])
        (theirs,) = await other.add([sample_record(sample_program())])
        saved = await other.save(sample_record(replace(theirs.program, error_msg="theirs")))
        assert await repository.get(mine.program.id) == mine.program
        await repository.remove(mine.entry)
        with pytest.raises(ProgramNotFound):
            await repository.get(mine.program.id)
        assert list(await other.list()) == [saved.program]
        await repository.prune_journal(NOW + timedelta(days=1), keep=0, keep_gone=0)
        assert list(await repository.journal()) == []
        assert [it.id for it in await other.journal()] == [theirs.entry.id, saved.entry.id]


async def test_a_port_belongs_to_one_program(repository: SqlRepository) -> None:
    """A second program on the publish port is refused with all that came along; the next write finds no trace."""
    await repository.add([sample_record(sample_program(1))])
    rival = sample_program(2, publish_port=sample_program(1).publish_port)
    with pytest.raises(AlreadyExists, match="19002"):
        await repository.add([sample_record(sample_program(3)), sample_record(rival)])
    await repository.add([sample_record(sample_program(2)), sample_record(sample_program(3))])


async def test_pruning_takes_as_many_rounds_as_needed(
    repository: SqlRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than fits into one transaction goes in several, and all of it is counted."""
    for module in ("repository", "_pruning"):
        monkeypatch.setattr(f"hershy_adapters.sql.{module}.PRUNED_AT_ONCE", 2)
    (record,) = await repository.add([sample_record(sample_program())])
    for _ in range(6):
        record = await repository.save(sample_record(record.program))
    assert _pruning.PRUNED_AT_ONCE == 2
    assert await repository.prune_journal(NOW, keep=2, keep_gone=10) == 5
    assert len(await repository.journal()) == 2


async def test_a_held_database_is_busy_until_it_is_let_go(path: Path) -> None:
    """Writes end at their deadline while another process holds the file; reads go on, and later writes too."""
    async with opened(path, deadline=SOON) as repository:
        (record,) = await repository.add([sample_record(sample_program())])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            writes = [repository.save(sample_record(record.program)) for _ in range(8)]
            outcomes = await asyncio.gather(*writes, return_exceptions=True)
            assert {type(it) for it in outcomes} == {RepositoryUnavailable}
            assert any("database is locked" in str(it) for it in outcomes)
            assert any("busy with earlier writes" in str(it) for it in outcomes)
            assert await repository.get(record.program.id) == record.program
        assert (await repository.save(sample_record(record.program))).program.version == 2


async def test_a_file_that_does_not_answer_is_given_up(path: Path) -> None:
    """A write that hangs in the file system ends at its deadline all the same, and the next one is not its victim.

    The connection given up is closed, and its thread gone, once the file answers.
    """
    before = set(threading.enumerate())
    repository = SqlRepository(sqlite_engines(path, timedelta(seconds=20)), OWNER, SOON)
    (record,) = await repository.add([sample_record(sample_program())])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RepositoryUnavailable, match="no answer in time"):
            await repository.save(sample_record(record.program))
    assert (await repository.save(sample_record(record.program))).program.version == 2
    await repository.aclose()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()


async def test_a_full_disk_is_said_and_got_over(repository: SqlRepository, path: Path) -> None:
    """A write that finds no room is unavailable and leaves nothing; the next one after room was made works."""
    (record,) = await repository.add([sample_record(sample_program())])
    with files_no_larger_than(path.with_name("hershy.db-wal").stat().st_size):
        for _ in range(2):
            with pytest.raises(RepositoryUnavailable, match="is there space on its disk"):
                await repository.save(sample_record(record.program))
        assert await repository.get(record.program.id) == record.program
    assert (await repository.save(sample_record(record.program))).program.version == 2
    assert len(await repository.journal()) == 2


async def test_a_file_that_is_no_database_is_unavailable(path: Path) -> None:
    """It is named, and left as it was."""
    path.parent.mkdir()
    path.write_text("no database " * 100)
    async with opened(path) as repository:
        with pytest.raises(RepositoryUnavailable, match=r"hershy\.db failed \(file is not a database\)"):
            await repository.list()
    assert path.read_text() == "no database " * 100


async def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    """A file in the way of the storage root is said, and its name."""
    (tmp_path / "root").write_text("a file")
    async with opened(tmp_path / "root" / "hershy.db") as repository:
        with pytest.raises(RepositoryUnavailable, match="root"):
            await repository.list()


async def test_a_closed_repository_says_so(path: Path) -> None:
    """It does not open the file again behind the back of whoever has closed it."""
    async with opened(path) as repository:
        await repository.list()
    with pytest.raises(RepositoryUnavailable, match="closed"):
        await repository.list()


async def test_a_cancelled_first_use_leaves_a_good_database(path: Path) -> None:
    """However far opening and migrating have come, the next call finds or finishes them."""
    async with opened(path) as repository:
        for effort in range(45):
            await cancelled_after(asyncio.ensure_future(repository.list()), turns=effort**2)
        assert list(await repository.list()) == []


async def test_cancelled_writes_keep_their_connection(path: Path) -> None:
    """A caller who is cancelled returns when the write has ended: connecting anew each time would cost the others."""
    engines = sqlite_engines(path, timedelta(seconds=10))
    connected: list[object] = []
    event.listen(engines.writer.sync_engine, "connect", lambda *it: connected.append(it))
    repository = SqlRepository(engines, OWNER)
    (record,) = await repository.add([sample_record(sample_program())])
    for effort in range(45):
        saving = asyncio.ensure_future(repository.save(sample_record(record.program)))
        await cancelled_after(saving, turns=effort**2)
    await repository.aclose()
    assert len(connected) == 1


async def test_errors_do_not_show_what_programs_are_given(repository: SqlRepository, path: Path) -> None:
    """An environment's secrets are in no error: of a write that fails or is refused, or a row that cannot be read."""
    program = sample_program(options=ProgramOptions(env={"TOKEN": SECRET}))
    (record,) = await repository.add([sample_record(program)])
    (details,) = sql(path, "SELECT details FROM hershy_programs")[0]
    with files_no_larger_than(0), pytest.raises(RepositoryUnavailable) as caught:
        await repository.save(sample_record(record.program))
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(AlreadyExists) as refused:
        await repository.add([sample_record(replace(program, id=sample_program(1).id))])
    assert SECRET not in "".join(traceback.format_exception(refused.value))
    for field, value in (("env", {"TOKEN": [SECRET]}), ("env", {"TOKEN": f"{SECRET}\0"}), ("ttl", SECRET)):
        broken = json.loads(details)
        broken["options"][field] = value
        sql(path, "UPDATE hershy_programs SET details = ?", json.dumps(broken))
        with pytest.raises(RepositoryUnavailable, match=f"program {program.id} cannot be read") as caught:
            await repository.list()
        assert SECRET not in "".join(traceback.format_exception(caught.value))


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """No file of this process can grow beyond: to SQLite it is as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
