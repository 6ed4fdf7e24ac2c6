"""Tests of programs, without waiting: time passes when the test says so.

async with drive(watcher) as driven:          # the watcher of your program, on a clock of the test's
    await driven.send("status")
    await driven.advance(60)
    assert driven.get("runs") == 61
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from .logs import Logs
from .states import WatcherState
from .values import Watched
from .watcher import Watcher

THREADS_LIMIT_S: Final = 1.0
"""How long plain functions may take; one that takes longer is taken for one that blocks."""
_STEPS_TO_STOP: Final = 1_000


class VirtualClock:
    """Stands still until it is told to ``advance``. ``start_s``: seconds since 1970; the default is 1 January 2026."""

    def __init__(self, start_s: float = 1_767_225_600.0) -> None:
        self._start_s = start_s
        self._elapsed_s = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def time(self) -> float:
        return self._start_s + self._elapsed_s

    def monotonic(self) -> float:
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed_s + seconds, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass: sleepers wake one by one, each at its moment, and all that follows from it happens."""
        until_s = self._elapsed_s + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= until_s:
            wake_at_s, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self._elapsed_s = max(self._elapsed_s, wake_at_s)
                woken.set_result(None)
                await settle()
        self._elapsed_s = until_s


async def settle() -> None:
    """Return once nothing is left to do on the event loop but to wait. On asyncio's own event loop only."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]  # there is no public way to ask
    while True:
        await asyncio.sleep(0)
        if not ready:
            return


class Driven:
    """A started Watcher, and the clock it runs on. Every method returns when all that follows has happened."""

    def __init__(self, watcher: Watcher, clock: VirtualClock) -> None:
        self.watcher: Final = watcher
        self.clock: Final = clock

    @property
    def state(self) -> WatcherState:
        return self.watcher.state

    @property
    def logs(self) -> Logs:
        return self.watcher.logs

    async def send(self, text: str) -> None:
        """Send a message, and let it be executed."""
        await self.watcher.send(text)
        await self.settle()

    async def advance(self, seconds: float) -> None:
        """Let time pass."""
        await self.settle()
        await self.clock.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        """Let everything happen that needs no time."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + THREADS_LIMIT_S
        await settle()
        while self.watcher.busy_threads and loop.time() < until_s:
            await asyncio.sleep(0.001)
            await settle()

    async def stop(self) -> None:
        """Stop, letting as much time pass as that takes."""
        stopping = asyncio.ensure_future(self.watcher.stop())
        for _ in range(_STEPS_TO_STOP):
            await self.settle()
            if stopping.done():
                break
            await self.clock.advance(1)
        await stopping

    def get(self, key: str, default: Any = None) -> Any:
        """The context value ``key``."""
        return self.watcher.context_value(key, default)

    def watched(self, name: str) -> Watched[Any]:
        """The variable ``name``. Raises KeyError when it is not watched."""
        return self.watcher.watched(name)


@asynccontextmanager
async def drive(watcher: Watcher, clock: VirtualClock | None = None) -> AsyncIterator[Driven]:
    """Run the program of ``watcher`` on a virtual clock, without its API; its first execution is over on entry.

    It is a copy that runs: ``watcher`` itself can be driven again, or be a module's that ends with ``watcher.run()``.
    """
    clock = clock or VirtualClock()
    driven = Driven(watcher.copy(clock=clock), clock)
    await driven.watcher.start()
    await driven.settle()
    try:
        yield driven
    finally:
        await driven.stop()
