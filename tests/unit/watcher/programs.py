"""Managed functions that do as a test says, and tell what they saw."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from hershy.watcher import Context, Message, Trigger, Watcher, WatcherConfig


@dataclass
class Execution:
    trigger: Trigger
    content: str | None


@dataclass
class Recorder:
    """Returns at once, or raises what ``outcomes`` says next; keeps what triggered it."""

    outcomes: list[BaseException | None] = field(default_factory=list)
    seen: list[Execution] = field(default_factory=list)

    async def __call__(self, ctx: Context, message: Message | None) -> None:
        self.seen.append(Execution(ctx.trigger, message.content if message else None))
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome

    @property
    def contents(self) -> list[str | None]:
        return [execution.content for execution in self.seen]


class Channel:
    """An async iterator whose items a test puts in."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[Any] = asyncio.Queue()
        self.is_closed = False

    def put(self, item: object) -> None:
        self._items.put_nowait(item)

    async def items(self) -> AsyncIterator[Any]:
        try:
            while True:
                item = await self._items.get()
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self.is_closed = True


def watcher_of(function: Callable[..., object], config: WatcherConfig | None = None) -> Watcher:
    watcher = Watcher(port=0, config=config)
    watcher.manage("program")(function)
    return watcher
