"""The pool of warm sandboxes, with a maker that makes nothing of the engine's."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from hershy.errors import EngineUnavailable
from hershy.sandbox.domain.job import SandboxLimits
from hershy_adapters.docker._sandbox import pool as pool_module
from hershy_adapters.docker._sandbox.config import Bootstrap, Shape
from hershy_adapters.docker._sandbox.pool import Pool

SHAPE = Shape.made("python:3.12", Bootstrap.PYTHON, SandboxLimits())
DEADLINE_S = 10
SIZE = 3


class FakeContainer:
    def __init__(self) -> None:
        self.is_waiting = True

    async def measure(self) -> None:
        """Nothing has been used."""


class FakeMaker:
    """Makes one when ``go`` is set; fails while ``is_down``."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.go.set()
        self.is_down = False
        self.begun = 0
        self.most_at_once = 0
        self._at_once = 0

    async def make(self, shape: Shape) -> FakeContainer:
        self.begun += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await asyncio.sleep(0)
            await self.go.wait()
            if self.is_down:
                raise EngineUnavailable("no engine")
            return FakeContainer()
        finally:
            self._at_once -= 1


class FakeDisposal:
    def __init__(self) -> None:
        self.disposed: list[object] = []

    def dispose(self, container: object) -> None:
        self.disposed.append(container)

    def dispose_of_made(self, making: object) -> None:
        self.disposed.append(making)


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_START_S", "FIRST_PAUSE_S", "LONGEST_PAUSE_S"):
        monkeypatch.setattr(pool_module, name, 0.0)


@pytest.fixture
def maker() -> FakeMaker:
    return FakeMaker()


@pytest.fixture
def disposal() -> FakeDisposal:
    return FakeDisposal()


@pytest_asyncio.fixture
async def pool(maker: FakeMaker, disposal: FakeDisposal) -> AsyncIterator[Pool]:
    it = Pool(maker, disposal, SHAPE, SIZE)  # type: ignore[arg-type]
    yield it
    maker.go.set()
    await it.aclose()


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_nothing_is_made_before_it_is_asked_for(pool: Pool, maker: FakeMaker) -> None:
    """Whoever never runs anything pays for nothing."""
    await settle()
    assert (pool.idle, maker.begun) == (0, 0)


async def test_it_fills_up_and_no_further(pool: Pool, maker: FakeMaker) -> None:
    """One at a time: two would take each other's time."""
    async with asyncio.timeout(DEADLINE_S):
        await pool.filled()
    await settle()
    assert (pool.idle, maker.begun) == (SIZE, SIZE)
    assert maker.most_at_once == pool_module.MADE_AT_ONCE


async def test_what_is_taken_is_made_anew(pool: Pool, maker: FakeMaker) -> None:
    """Each once, however many are taken at once."""
    await pool.filled()
    taken = {pool.take() for _ in range(SIZE)}
    assert len(taken) == SIZE
    assert pool.take() is None
    async with asyncio.timeout(DEADLINE_S):
        await pool.filled()
    await settle()
    assert (pool.idle, maker.begun) == (SIZE, 2 * SIZE)


async def test_it_waits_for_those_who_wait(pool: Pool, maker: FakeMaker) -> None:
    """And is filled once they have theirs."""
    with pool.others_first():
        pool.fill()
        await settle()
        assert maker.begun == 0
    async with asyncio.timeout(DEADLINE_S):
        await pool.filled()


async def test_whoever_finds_none_takes_the_one_in_the_making(pool: Pool, maker: FakeMaker) -> None:
    """It was begun earlier than one of their own could be; a second one waits for no third."""
    maker.go.clear()
    pool.fill()
    await settle()
    first = asyncio.create_task(pool.take_next())
    await settle()
    assert await pool.take_next() is None
    assert maker.begun == 1
    maker.go.set()
    async with asyncio.timeout(DEADLINE_S):
        container = await first
        await pool.filled()
    assert container is not None
    assert container not in pool._waiting
    assert pool.idle == SIZE


async def test_a_promise_that_comes_to_nothing_is_told(pool: Pool, maker: FakeMaker) -> None:
    """Whoever waited makes one of their own, and learns why that fails."""
    maker.go.clear()
    pool.fill()
    await settle()
    promised = asyncio.create_task(pool.take_next())
    await settle()
    maker.is_down = True
    maker.go.set()
    async with asyncio.timeout(DEADLINE_S):
        assert await promised is None


async def test_who_no_longer_waits_leaves_nothing_behind(pool: Pool, maker: FakeMaker, disposal: FakeDisposal) -> None:
    """Before it is made, and in the moment when it has been."""
    maker.go.clear()
    pool.fill()
    await settle()
    promised = asyncio.create_task(pool.take_next())
    await settle()
    promised.cancel()
    maker.go.set()
    async with asyncio.timeout(DEADLINE_S):
        await pool.filled()
    assert (pool.idle, disposal.disposed) == (SIZE, [])
    container = FakeContainer()
    pool._in_the_making = 1
    promised = asyncio.create_task(pool.take_next())
    await settle()
    pool._keep_promise(container)  # type: ignore[arg-type]
    promised.cancel()
    await settle()
    pool._in_the_making = 0
    assert disposal.disposed == [container]


async def test_one_that_has_ended_is_thrown_away(pool: Pool, disposal: FakeDisposal) -> None:
    """Never given out."""
    await pool.filled()
    dead = pool._waiting[0]
    dead.is_waiting = False  # type: ignore[misc]
    assert pool.idle == SIZE - 1
    assert pool.take() is not dead
    assert disposal.disposed == [dead]


async def test_an_engine_that_is_away_is_told_and_tried_again(pool: Pool, maker: FakeMaker) -> None:
    """Whoever waits for a full pool hears why it is not; later it fills by itself."""
    maker.is_down = True
    with pytest.raises(EngineUnavailable):
        async with asyncio.timeout(DEADLINE_S):
            await pool.filled()
    maker.is_down = False
    async with asyncio.timeout(DEADLINE_S):
        await pool.filled()
    assert pool.idle == SIZE


async def test_an_engine_that_stays_away_is_told_once(
    pool: Pool, maker: FakeMaker, caplog: pytest.LogCaptureFixture
) -> None:
    """And once more when it goes away again."""

    async def fail_often() -> None:
        maker.is_down = True
        begun = maker.begun
        while pool.take() is not None:
            pass
        pool.fill()
        await settle()
        assert maker.begun > begun + 2, "it has been tried several times"

    with caplog.at_level(logging.WARNING, "hershy.sandbox"):
        async with asyncio.timeout(DEADLINE_S):
            await fail_often()
            assert len(caplog.records) == 1
            maker.is_down = False
            await pool.filled()
            await fail_often()
            assert len(caplog.records) == 2


async def test_closing_throws_away_what_waits_and_what_is_being_made(
    pool: Pool, maker: FakeMaker, disposal: FakeDisposal
) -> None:
    """Twice is once."""
    await pool.filled()
    maker.go.clear()
    pool.take()
    await settle()
    await pool.aclose()
    await pool.aclose()
    assert len(disposal.disposed) == SIZE, "two that waited, and one in the making"
    assert pool.take() is None
