"""The machine's own clock."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from hershy.core.adapter import AdapterContext
from hershy.core.clock import Clock


class SystemClock(Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, delay: timedelta) -> None:
        await asyncio.sleep(max(0.0, delay.total_seconds()))


def create(context: AdapterContext) -> SystemClock:
    return SystemClock()
