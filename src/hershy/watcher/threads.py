"""Plain functions, each call in a thread of its own, so that one that blocks stops nothing else.

Daemon threads, because a thread cannot be cancelled: one that never returns must not keep the process alive either.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any, Final

from .containment import contained
from .errors import WatcherError

MOST: Final = 1_100
"""Threads at most: one for each watch, and some that were given up."""


class Threads:
    """The calls under way, those included that nobody waits for any more."""

    def __init__(self) -> None:
        self.running: Final[set[threading.Thread]] = set()

    async def call(self, function: Callable[..., Any], *args: object) -> Any:
        """What ``function`` returns or raises. Cancelled, it leaves the thread to its fate and its result unseen."""
        if len(self.running) >= MOST:
            raise WatcherError(f"{MOST} plain functions have not returned: no thread is left for another one")
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Any] = loop.create_future()
        context = contextvars.copy_context()

        def work() -> None:
            try:
                result, error = context.run(function, *args), None
            except BaseException as raised:
                result, error = None, raised
            try:
                loop.call_soon_threadsafe(report, result, error)
            except RuntimeError:
                return  # the loop is closed: nobody is left to be told

        def report(result: object, error: BaseException | None) -> None:
            self.running.discard(thread)
            if outcome.done():
                return
            if error is None:
                outcome.set_result(result)
            else:
                outcome.set_exception(contained(error))

        thread = threading.Thread(target=work, name=f"watcher: {_name(function)}", daemon=True)
        self.running.add(thread)
        try:
            thread.start()
        except RuntimeError:
            self.running.discard(thread)
            raise
        return await outcome


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", type(function).__name__)
