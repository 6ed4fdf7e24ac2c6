"""Virtual time: a test that waits for minutes takes none."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

from hershy.ports.adapter import AdapterContext
from hershy.ports.clock import Clock

SETTLE_ROUNDS = 50
"""Turns of the event loop without a new sleeper after which everybody is taken to be waiting for time.

Longer than any chain of tasks waking each other in this code base, so that time stands still meanwhile.
"""


class VirtualClock(Clock):
    """Stands still while there is something to do; then jumps to the moment the earliest sleeper waits for.

    Waits on sockets, threads or real timers are not seen: time runs ahead of them. Meant for tests in which all
    of hershy's adapters are twins.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._is_settling = False

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return self._elapsed_s

    async def sleep(self, delay: timedelta) -> None:
        if delay <= timedelta():
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed_s + delay.total_seconds(), next(self._order), woken))
        self._settle_then_jump()
        await woken

    def _settle_then_jump(self) -> None:
        if not self._is_settling:
            self._is_settling = True
            asyncio.get_running_loop().call_soon(self._settle, SETTLE_ROUNDS)

    def _settle(self, rounds_left: int) -> None:
        if rounds_left:
            asyncio.get_running_loop().call_soon(self._settle, rounds_left - 1)
            return
        self._is_settling = False
        while self._sleepers:
            wake_at, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self._elapsed_s = wake_at
                woken.set_result(None)
                break
        if self._sleepers:
            self._settle_then_jump()


def create(context: AdapterContext) -> VirtualClock:
    return VirtualClock()
