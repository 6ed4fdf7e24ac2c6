"""SharedBuilds: what the port's contract cannot see."""

import asyncio

import pytest

from hershy.builds.builder import BuildOutput, BuildRequest
from hershy.builds.spec import BuildSpec
from hershy.core.ids import ImageID
from hershy.errors import BuildError
from hershy_adapters import _shared_build
from hershy_adapters._shared_build import SharedBuilds
from hershy_adapters.memory.clock import VirtualClock

REQUEST = BuildRequest(BuildSpec("FROM base"))
IMAGE = ImageID("sha256:1")


def ignore(line: str) -> None:
    """Output that nobody reads."""


async def test_cancelled_again_while_ending() -> None:
    """A caller cancelled a second time still returns only when the build has ended."""
    begun, may_end, has_ended = asyncio.Event(), asyncio.Event(), False

    async def work(output: BuildOutput) -> ImageID:
        nonlocal has_ended
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await may_end.wait()
            has_ended = True
        return IMAGE

    caller = asyncio.create_task(SharedBuilds(VirtualClock()).run(REQUEST, ignore, work))
    await begun.wait()
    for _ in range(3):
        caller.cancel()
        await asyncio.sleep(0)
        assert not caller.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert has_ended


@pytest.mark.parametrize(("limit", "value"), [("BACKLOG_LINES", 10), ("BACKLOG_CHARS", 30)])
async def test_backlog_is_bounded(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    """A late caller gets the newest lines, as many as the limits allow."""
    monkeypatch.setattr(_shared_build, limit, value)
    printed, may_end = asyncio.Event(), asyncio.Event()

    async def work(output: BuildOutput) -> ImageID:
        for number in range(100):
            output(f"{number:03}")
        printed.set()
        await may_end.wait()
        return IMAGE

    shared, late = SharedBuilds(VirtualClock()), list[str]()
    first = asyncio.create_task(shared.run(REQUEST, ignore, work))
    await printed.wait()
    second = asyncio.create_task(shared.run(REQUEST, late.append, work))
    await asyncio.sleep(0)
    may_end.set()
    assert await first == await second == IMAGE
    assert late == [f"{number:03}" for number in range(90, 100)]


async def test_finished_builds_are_forgotten() -> None:
    """A build that is over, well or not, is not joined: the next call does its own work."""
    shared, runs = SharedBuilds(VirtualClock()), 0

    async def work(output: BuildOutput) -> ImageID:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise BuildError("first time")
        return IMAGE

    with pytest.raises(BuildError):
        await shared.run(REQUEST, ignore, work)
    assert await shared.run(REQUEST, ignore, work) == IMAGE
    assert await shared.run(REQUEST, ignore, work) == IMAGE
    assert runs == 3


async def test_cleanup_that_fails() -> None:
    """An error while a cancelled build cleans up does not replace the caller's cancellation."""
    begun = asyncio.Event()

    async def work(output: BuildOutput) -> ImageID:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise BuildError("cleanup failed") from None
        return IMAGE

    caller = asyncio.create_task(SharedBuilds(VirtualClock()).run(REQUEST, ignore, work))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
