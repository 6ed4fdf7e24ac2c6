"""Subscription: container events on their way from the engine to one reader."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from hershy.errors import EngineUnavailable
from hershy.programs.ports.runtime import ContainerEvent

BUFFER_SIZE = 10_000
"""Events one reader may lag behind: a machine full of containers that all end, some times over."""


class Subscription(AsyncIterator[ContainerEvent]):
    """Gives what was ``put``, in order, and after ``break_off`` raises its error."""

    def __init__(self, size: int = BUFFER_SIZE) -> None:
        self._waiting: deque[ContainerEvent] = deque()
        self._size = size
        self._error: EngineUnavailable | None = None
        self._changed = asyncio.Event()

    def put(self, event: ContainerEvent) -> None:
        """Takes nothing more once broken; a full buffer breaks it, because a gap must not go unnoticed."""
        if self._error is not None:
            return
        if len(self._waiting) >= self._size:
            self.break_off(
                EngineUnavailable(
                    f"more than {self._size} container events were not read in time", remedy="subscribe anew"
                )
            )
            return
        self._waiting.append(event)
        self._changed.set()

    def break_off(self, error: EngineUnavailable) -> None:
        """No more events come. The first error stays."""
        self._error = self._error or error
        self._changed.set()

    async def __anext__(self) -> ContainerEvent:
        while not self._waiting:
            if self._error is not None:
                # A new one each time: the same exception raised twice would collect two tracebacks.
                raise EngineUnavailable(str(self._error)) from self._error
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()
