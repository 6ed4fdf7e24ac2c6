"""The fault doubles of Builder."""

from datetime import timedelta

import pytest

from hershy.builds.builder import BuildRequest
from hershy.builds.spec import BuildSpec
from hershy.errors import BuildError, EngineUnavailable
from hershy.testing.faults.builder import FailingBuilder, SlowBuilder
from hershy_adapters.memory.builder import InMemoryBuilder
from hershy_adapters.memory.clock import VirtualClock

SPEC = BuildSpec("FROM base")


def ignore(line: str) -> None:
    """Output that nobody reads."""


async def test_failing_builder() -> None:
    """It fails as often as it was told to, in the methods it was told, and then lets calls through."""
    inner = InMemoryBuilder(VirtualClock())
    builder = FailingBuilder(inner, ["build", "find"], EngineUnavailable("gone"), times=2)
    await builder.remove(SPEC.build_id)
    with pytest.raises(EngineUnavailable):
        await builder.find(SPEC.build_id)
    with pytest.raises(EngineUnavailable):
        await builder.build(BuildRequest(SPEC), ignore)
    image_id = await builder.build(BuildRequest(SPEC), ignore)
    assert await builder.find(SPEC.build_id) == image_id
    assert await builder.diagnose() == await inner.diagnose()
    await builder.aclose()


async def test_failing_builder_by_default() -> None:
    """Told nothing else, every build fails."""
    builder = FailingBuilder(InMemoryBuilder(VirtualClock()))
    for _ in range(3):
        with pytest.raises(BuildError):
            await builder.build(BuildRequest(SPEC), ignore)
    assert await builder.find(SPEC.build_id) is None


async def test_slow_builder() -> None:
    """Every call takes its delay longer."""
    clock = VirtualClock()
    builder = SlowBuilder(InMemoryBuilder(clock, timedelta(seconds=2)), clock, timedelta(minutes=1))
    await builder.build(BuildRequest(SPEC), ignore)
    assert clock.monotonic() == pytest.approx(62)
    await builder.find(SPEC.build_id)
    await builder.remove(SPEC.build_id)
    assert clock.monotonic() == pytest.approx(182)


def test_unknown_method() -> None:
    """A method that the port does not have is refused."""
    with pytest.raises(ValueError, match="choose from"):
        FailingBuilder(InMemoryBuilder(VirtualClock()), ["biuld"])
