"""Values computed once in a session, and at most once however many ask for them at the same time."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from .calling import call
from .errors import GivenUp, MemoLimitReached
from .threads import Threads

Allow = Callable[[], None]


class _NotComputed(Exception):
    """Whoever was computing was cancelled or given up: somebody else has to."""


class Memos:
    """Safe from any thread. What ``compute`` raises is raised to all who wait for it, and not kept.

    ``allow`` raises for one who may compute nothing any more.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()

    async def get(self, name: str, compute: Callable[[], Any], threads: Threads, allow: Allow) -> Any:
        """The memo ``name``; ``compute``, async or plain (in a thread), makes it. Raises MemoLimitReached."""
        while True:
            entry, is_ours = self._claim(name, allow)
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
            return self._succeed(entry, value)

    def get_blocking(self, name: str, compute: Callable[[], Any], allow: Allow) -> Any:
        """The same for a plain managed function: ``compute`` is plain, and called in this thread."""
        while True:
            entry, is_ours = self._claim(name, allow)
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
            return self._succeed(entry, value)

    def clear(self, name: str) -> None:
        """Forget ``name``: the next who asks computes it anew. Nothing when there is none."""
        with self._lock:
            self._entries.pop(name, None)

    def abandon(self) -> None:
        """Wait no longer for what is being computed: the next who asks computes it anew."""
        with self._lock:
            abandoned = [name for name, entry in self._entries.items() if not entry.done()]
            for name in abandoned:
                self._entries.pop(name).set_exception(_NotComputed())

    def known(self) -> dict[str, Any]:
        """What has been computed, by name."""
        entries = self._entries.copy()
        return {name: entry.result() for name, entry in entries.items() if entry.done() and entry.exception() is None}

    def _claim(self, name: str, allow: Allow) -> tuple[Future[Any], bool]:
        with self._lock:
            allow()
            entry = self._entries.get(name)
            if entry is not None:
                return entry, False
            if len(self._entries) >= self._limit:
                raise MemoLimitReached(name, self._limit)
            entry = self._entries[name] = Future()
            entry.set_running_or_notify_cancel()  # so that nobody who waits for it can cancel it
            return entry, True

    def _succeed(self, entry: Future[Any], value: Any) -> Any:
        with self._lock:
            if entry.done():
                raise GivenUp
            entry.set_result(value)
        return value

    def _fail(self, name: str, entry: Future[Any], error: BaseException) -> None:
        with self._lock:
            if self._entries.get(name) is entry:
                del self._entries[name]
            if not entry.done():
                entry.set_exception(error if isinstance(error, Exception) else _NotComputed())
