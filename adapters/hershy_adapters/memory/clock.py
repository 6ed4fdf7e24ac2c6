"""Virtual time: a test that waits for minutes takes none."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

from hershy.core.adapter import AdapterContext
from hershy.core.clock import Clock


class VirtualClock(Clock):
    """Stands still while there is something to do; then jumps to the moment the earliest sleeper waits for.

    Waits on sockets, threads or real timers are not seen: time runs ahead of them. Meant for tests in which all
    of hershy's adapters are twins. Runs on asyncio's own event loop only: others don't tell what is left to do.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._is_waiting_for_idle = False

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
        self._jump_when_idle()
        await woken

    def _jump_when_idle(self) -> None:
        if not self._is_waiting_for_idle:
            self._is_waiting_for_idle = True
            asyncio.get_running_loop().call_soon(self._jump_or_wait)

    def _jump_or_wait(self) -> None:
        self._is_waiting_for_idle = False
        if asyncio.get_running_loop()._ready:  # type: ignore[attr-defined]  # there is no public way to ask
            self._jump_when_idle()
            return
        while self._sleepers:
            wake_at, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self._elapsed_s = wake_at
                woken.set_result(None)
                break
        if self._sleepers:
            self._jump_when_idle()


def create(context: AdapterContext) -> VirtualClock:
    return VirtualClock()
