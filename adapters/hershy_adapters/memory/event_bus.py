"""The event bus of one process. It is no mere twin: the real Host uses it too."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from hershy.core.adapter import AdapterContext
from hershy.core.ids import ProgramID
from hershy.programs.ports.event_bus import EventBus, EventsLost, Notice, Published

BUFFER_SIZE = 10_000
"""Published notices one subscriber may lag behind; a noisy build has some thousands of lines."""


class InMemoryEventBus(EventBus):
    def __init__(self, buffer_size: int = BUFFER_SIZE) -> None:
        self._buffer_size = buffer_size
        self._last_id = 0
        self._subscriptions: defaultdict[ProgramID | None, set[_Subscription]] = defaultdict(set)
        self._is_closed = False

    def publish(self, program_id: ProgramID, at: datetime, notice: Notice) -> None:
        self._last_id += 1
        published = Published(self._last_id, at, program_id, notice)
        for watched in (None, program_id):
            for subscription in self._subscriptions.get(watched, ()):
                subscription.put(published)

    @asynccontextmanager
    async def subscribe(self, program_id: ProgramID | None = None) -> AsyncIterator[AsyncIterator[Published]]:
        subscription = _Subscription(self._buffer_size)
        if self._is_closed:
            subscription.end()
        subscriptions = self._subscriptions[program_id]
        subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            subscriptions.discard(subscription)
            if not subscriptions:
                self._subscriptions.pop(program_id, None)

    async def aclose(self) -> None:
        self._is_closed = True
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.end()


class _Subscription(AsyncIterator[Published]):
    def __init__(self, buffer_size: int) -> None:
        self._waiting: deque[Published] = deque()
        self._buffer_size = buffer_size
        self._lost = 0
        self._is_ended = False
        self._changed = asyncio.Event()

    def put(self, published: Published) -> None:
        if len(self._waiting) >= self._buffer_size:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(published)
        self._changed.set()

    def end(self) -> None:
        self._is_ended = True
        self._changed.set()

    async def __anext__(self) -> Published:
        while not self._waiting:
            if self._is_ended:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        if self._lost:
            following = self._waiting[0]
            lost, self._lost = EventsLost(self._lost), 0
            return Published(following.id, following.at, following.program_id, lost)
        return self._waiting.popleft()


def create(context: AdapterContext) -> InMemoryEventBus:
    return InMemoryEventBus()
