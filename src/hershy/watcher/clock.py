"""Time, as the framework sees it: injected, so that no test of an hour takes one."""

import asyncio
from time import monotonic, time
from typing import Protocol


class Clock(Protocol):
    """All in seconds."""

    def time(self) -> float:
        """Since 1970, UTC."""

    def monotonic(self) -> float:
        """Since an arbitrary moment; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``; zero or less lets others run once. Cancelling it leaves nothing behind."""


class SystemClock:
    """The machine's."""

    time = staticmethod(time)
    monotonic = staticmethod(monotonic)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
