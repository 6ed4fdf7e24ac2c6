"""What is kept of containers' output: all of it once, however often it is archived, and in bounds."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from hershy.builds.spec import BuildSpec
from hershy.core.ids import ContainerID, ProgramID
from hershy.programs.application.output import archive as log_archive
from hershy.programs.application.output.archive import LogArchive
from hershy.programs.ports.runtime import LogLine, LogQuery, LogStream, Runtime
from hershy.programs.ports.storage import LogKind, ProgramLog, Storage
from hershy_adapters.filesystem.storage import FilesystemStorage
from hershy_adapters.memory.storage import InMemoryStorage

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SPEC = BuildSpec("FROM x")
PROGRAM = ProgramID(f"alice-{SPEC.build_id}-00000001")
FIRST, SECOND = ContainerID("first"), ContainerID("second")
EVERYTHING = LogQuery(tail=None)


class Outputs:
    """A Runtime as far as logs go; ``lines`` is what each container has written."""

    def __init__(self) -> None:
        self.lines: dict[ContainerID, list[LogLine]] = {FIRST: [], SECOND: []}
        self.is_closed = True

    def write(self, container_id: ContainerID, *texts: str, at: int = 0, stream: LogStream = LogStream.STDOUT) -> None:
        """A line each second from ``at`` on."""
        for second, text in enumerate(texts, at):
            self.lines[container_id].append(LogLine(NOW + timedelta(seconds=second), stream, text))

    async def logs(self, container_id: ContainerID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        self.is_closed = False
        try:
            for line in self.lines[container_id][-(query.tail or 0) :]:
                await asyncio.sleep(0)
                yield line
        finally:
            self.is_closed = True


@pytest.fixture(params=["memory", "filesystem"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    storage = InMemoryStorage() if request.param == "memory" else FilesystemStorage(tmp_path)
    await storage.claim()
    await storage.write_sources(PROGRAM, SPEC)
    yield storage
    await storage.aclose()


@pytest.fixture
def outputs() -> Outputs:
    return Outputs()


@pytest.fixture
def archive(storage: Storage, outputs: Outputs) -> LogArchive:
    return LogArchive(storage, cast("Runtime", outputs))


async def texts(archive: LogArchive, query: LogQuery = EVERYTHING) -> list[str]:
    return [line.text for line in await archive.read(PROGRAM, query)]


async def test_archiving_again_adds_nothing(archive: LogArchive, outputs: Outputs) -> None:
    """A Host killed between archiving and removing does the first again."""
    outputs.write(FIRST, "one", "two", "two", "")
    for _ in range(3):
        await archive.keep(PROGRAM, FIRST)
    assert await texts(archive) == ["one", "two", "two", ""]


async def test_archiving_again_adds_what_has_come(archive: LogArchive, outputs: Outputs) -> None:
    """Of a container that went on writing, the rest is added, at the same moment and with the same words too."""
    outputs.write(FIRST, "one", "two")
    await archive.keep(PROGRAM, FIRST)
    outputs.write(FIRST, "three", at=1)
    outputs.write(FIRST, "one", at=7)
    await archive.keep(PROGRAM, FIRST)
    assert await texts(archive) == ["one", "two", "three", "one"]


async def test_containers_follow_each_other(archive: LogArchive, outputs: Outputs) -> None:
    """The next container's lines are added whatever its clock says and whatever the first one said."""
    outputs.write(FIRST, "started", "failed", at=100)
    outputs.write(SECOND, "started", "failed", at=50)
    for container_id in (FIRST, SECOND, SECOND):
        await archive.keep(PROGRAM, container_id)
    assert await texts(archive) == ["started", "failed"] * 2


async def test_archiving_goes_on_where_a_kill_has_cut_it_short(
    archive: LogArchive, outputs: Outputs, storage: Storage
) -> None:
    """Whole lines are kept once; half of one does no harm to the next."""
    outputs.write(FIRST, "one", "two", "three")
    storage.log(PROGRAM, LogKind.RUNTIME).append([f"{NOW.isoformat()} stdout one", f"{NOW.isoformat()[:10]}"])
    await archive.keep(PROGRAM, FIRST)
    assert await texts(archive) == ["one", "two", "three"]


async def test_archiving_at_the_same_time_adds_once(archive: LogArchive, outputs: Outputs) -> None:
    """A removal asked for twice keeps the logs once."""
    outputs.write(FIRST, *map(str, range(50)))
    await asyncio.gather(*(archive.keep(PROGRAM, FIRST) for _ in range(5)))
    assert await texts(archive) == [str(number) for number in range(50)]


async def test_a_container_that_was_silent_leaves_no_log(archive: LogArchive, storage: Storage) -> None:
    """Nothing is archived, not even an empty file."""
    await archive.keep(PROGRAM, FIRST)
    assert await storage.delete(PROGRAM, unless_used=True)


async def test_what_is_kept_has_bounds(archive: LogArchive, outputs: Outputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long lines are cut, and beyond a number of characters the oldest lines are left out; again is still once."""
    monkeypatch.setattr(log_archive, "LONGEST_LINE", 100)
    monkeypatch.setattr(log_archive, "ARCHIVED_CHARACTERS", 1000)
    outputs.write(FIRST, *(str(number) * 300 for number in range(10)))
    for _ in range(2):
        await archive.keep(PROGRAM, FIRST)
    assert await texts(archive) == [str(number) * 100 for number in range(3, 10)]


async def test_archiving_that_fails_gives_its_connection_back(outputs: Outputs, tmp_path: Path) -> None:
    """Cancelled amid the lines, the reader of the engine is closed."""
    archive = LogArchive(InMemoryStorage(), cast("Runtime", outputs))
    outputs.write(FIRST, *map(str, range(50)))
    keeping = asyncio.ensure_future(archive.keep(PROGRAM, FIRST))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not outputs.is_closed
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert outputs.is_closed


async def test_reading_gives_what_the_query_asks(archive: LogArchive, outputs: Outputs) -> None:
    """The newest of a stream that writes seldom, from a moment on, and all of it."""
    outputs.write(FIRST, *(f"out {number}" for number in range(100)))
    outputs.write(FIRST, "err 1", "err 2", at=20, stream=LogStream.STDERR)
    outputs.write(FIRST, *(f"out {number}" for number in range(100, 200)), at=100)
    await archive.keep(PROGRAM, FIRST)
    errors = frozenset({LogStream.STDERR})
    assert await texts(archive, LogQuery(tail=2)) == ["out 198", "out 199"]
    assert await texts(archive, LogQuery(tail=0)) == []
    assert await texts(archive, LogQuery(tail=1, streams=errors)) == ["err 2"]
    assert await texts(archive, LogQuery(tail=5, streams=errors)) == ["err 1", "err 2"]
    assert await texts(archive, LogQuery(tail=None, since=NOW + timedelta(seconds=198))) == ["out 198", "out 199"]
    assert await texts(archive, LogQuery(tail=1, since=NOW + timedelta(seconds=198))) == ["out 199"]
    assert len(await texts(archive)) == 202


async def test_reading_a_little_of_a_large_archive_takes_a_little(
    outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The storage is asked for few lines where few are wanted."""
    asked: list[int | None] = []

    class Watched(InMemoryStorage):
        def log(self, program_id: ProgramID, kind: LogKind) -> ProgramLog:
            log = super().log(program_id, kind)
            read = log.read

            async def watched(tail: int | None) -> Sequence[str]:
                asked.append(tail)
                return await read(tail)

            log.read = watched  # type: ignore[method-assign]
            return log

    storage = Watched()
    storage.log(PROGRAM, LogKind.RUNTIME).append([f"{NOW.isoformat()} stdout {number}" for number in range(5000)])
    archive = LogArchive(storage, cast("Runtime", outputs))
    assert await texts(archive, LogQuery(tail=3)) == ["4997", "4998", "4999"]
    assert asked == [12]
