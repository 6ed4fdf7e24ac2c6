"""Values computed once in a session, and at most once however many ask for them at the same time."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from .calling import call
from .errors import MemoLimitReached
from .threads import Threads


class _NotComputed(Exception):
    """Whoever was computing was cancelled: somebody else has to."""


class Memos:
    """Safe from any thread. What ``compute`` raises is raised to all who wait for it, and not kept."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()

    async def get(self, name: str, compute: Callable[[], Any], threads: Threads) -> Any:
        """The memo ``name``; ``compute``, async or plain (in a thread), makes it. Raises MemoLimitReached."""
        while True:
            entry, is_ours = self._claim(name)
            if not is_ours:
                try:
                    return entry.result() if entry.done() else await asyncio.wrap_future(entry)
                except _NotComputed:
                    continue
            try:
                value = await call(threads, compute)
            except BaseException as error:
                self._fail(name, entry, error)
                raise
            entry.set_result(value)
            return value

    def get_blocking(self, name: str, compute: Callable[[], Any]) -> Any:
        """The same for a plain managed function: ``compute`` is plain, and called in this thread."""
        while True:
            entry, is_ours = self._claim(name)
            if not is_ours:
                try:
                    return entry.result()
                except _NotComputed:
                    continue
            try:
                value = compute()
            except BaseException as error:
                self._fail(name, entry, error)
                raise
            entry.set_result(value)
            return value

    def clear(self, name: str) -> None:
        """Forget ``name``: the next who asks computes it anew. Nothing when there is none."""
        with self._lock:
            self._entries.pop(name, None)

    def known(self) -> dict[str, Any]:
        """What has been computed, by name."""
        return {name: entry.result() for name, entry in self._entries.copy().items() if entry.done()}

    def _claim(self, name: str) -> tuple[Future[Any], bool]:
        with self._lock:
            entry = self._entries.get(name)
            if entry is not None:
                return entry, False
            if len(self._entries) >= self._limit:
                raise MemoLimitReached(name, self._limit)
            entry = self._entries[name] = Future()
            entry.set_running_or_notify_cancel()  # so that nobody who waits for it can cancel it
            return entry, True

    def _fail(self, name: str, entry: Future[Any], error: BaseException) -> None:
        with self._lock:
            if self._entries.get(name) is entry:
                del self._entries[name]
        entry.set_exception(error if isinstance(error, Exception) else _NotComputed())
