"""An event bus that is counted: everything that happens to programs passes here, so metrics need no other hook."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from hershy.core.ids import ProgramID
from hershy.programs.ports.event_bus import EventBus, Notice, Published

from .metrics import Metrics


class MeteredBus(EventBus):
    """``aclose`` closes the bus behind it."""

    def __init__(self, bus: EventBus, metrics: Metrics) -> None:
        self._bus = bus
        self._metrics = metrics

    def publish(self, program_id: ProgramID, at: datetime, notice: Notice) -> None:
        self._metrics.observe(notice)
        self._bus.publish(program_id, at, notice)

    @asynccontextmanager
    async def subscribe(self, program_id: ProgramID | None = None) -> AsyncIterator[AsyncIterator[Published]]:
        async with self._bus.subscribe(program_id) as published:
            self._metrics.subscribed(1)
            try:
                yield published
            finally:
                self._metrics.subscribed(-1)

    async def aclose(self) -> None:
        await self._bus.aclose()
