"""Forks a process for each file operation of FilesystemStorage and kills it right there; run with a root to work in.

After each kill it claims the root as the next Host does and looks at what is left. Writes how many kills there were.
"""

import asyncio
import itertools
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hershy.builds.spec import BuildSpec
from hershy.core.ids import ProgramID
from hershy_adapters.docker.compose import write_compose
from hershy_adapters.filesystem.storage import FilesystemStorage

SPEC = BuildSpec("FROM x", {"a/b.py": "1" * 10_000, "c.py": ""}, {"V": "2"})
PROGRAM = ProgramID(f"alice-{SPEC.build_id}-00000001")
OLD, NEW = "old: {}\n", "new: {}\n" * 1000

Step = Callable[[FilesystemStorage], Awaitable[object]]


async def nothing(storage: FilesystemStorage) -> None:
    """The claim itself is the step."""


async def register(storage: FilesystemStorage) -> None:
    await storage.write_sources(PROGRAM, SPEC)


async def run_before(storage: FilesystemStorage) -> None:
    await storage.write_sources(PROGRAM, SPEC)
    state = await state_of(storage)
    await write_compose(state.parents[1], PROGRAM, OLD)
    (state / "data").write_text("precious")


async def rewrite_compose(storage: FilesystemStorage) -> None:
    await write_compose((await state_of(storage)).parents[1], PROGRAM, NEW)


async def state_of(storage: FilesystemStorage) -> Path:
    return Path((await storage.prepare_state(PROGRAM)).handle)


async def delete(storage: FilesystemStorage) -> None:
    await storage.delete(PROGRAM)


async def discard(storage: FilesystemStorage) -> None:
    await storage.delete(PROGRAM, unless_used=True)


async def registration_is_whole(storage: FilesystemStorage, is_done: bool) -> None:
    if is_done or await storage.list_programs():
        assert await storage.list_programs() == [PROGRAM]
        assert await storage.read_sources(PROGRAM) == SPEC


async def compose_is_old_or_new(storage: FilesystemStorage, is_done: bool) -> None:
    text = (await state_of(storage)).with_name("compose").joinpath("compose.yaml").read_text()
    assert text in ((NEW,) if is_done else (OLD, NEW))


async def all_or_nothing_is_left(storage: FilesystemStorage, is_done: bool) -> None:
    if is_done:
        assert await storage.list_programs() == []
    elif await storage.list_programs():
        assert await storage.read_sources(PROGRAM) == SPEC
        assert (await state_of(storage) / "data").read_text() == "precious"


async def whole_or_nothing_is_left(storage: FilesystemStorage, is_done: bool) -> None:
    if is_done:
        assert await storage.list_programs() == []
    await registration_is_whole(storage, False)


SCENARIOS: tuple[tuple[Step, Step, Callable[[FilesystemStorage, bool], Awaitable[None]]], ...] = (
    (nothing, register, registration_is_whole),
    (run_before, rewrite_compose, compose_is_old_or_new),
    (run_before, delete, all_or_nothing_is_left),
    (register, discard, whole_or_nothing_is_left),
)


def main(root: Path) -> int:
    kills = 0
    for prepare, step, check in SCENARIOS:
        for killed_at in itertools.count(1):
            if prepare is not nothing:
                asyncio.run(claimed(root, prepare))
            is_done = survives(root, step, killed_at)
            asyncio.run(claimed(root, lambda storage: check(storage, is_done)))  # noqa: B023 - called at once
            left = {path.name for path in root.iterdir()}
            assert left <= {".lock", ".owner", str(PROGRAM)}, left
            shutil.rmtree(root)
            if is_done:
                break
            kills += 1
    return kills


async def claimed(root: Path, step: Step) -> None:
    storage = FilesystemStorage(root)
    await storage.claim()
    try:
        await step(storage)
    finally:
        await storage.aclose()


def survives(root: Path, step: Step, killed_at: int) -> bool:
    """Whether the step, done by another process that is killed at its so many-th file operation, gets to its end."""
    child = os.fork()
    if child == 0:
        operations = itertools.count(1)

        def kill(event: str, args: tuple[Any, ...]) -> None:
            if (event == "open" or event.startswith("os.")) and next(operations) == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(kill)
        asyncio.run(claimed(root, step))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    return status == 0


if __name__ == "__main__":
    sys.stdout.write(str(main(Path(sys.argv[1]))))
