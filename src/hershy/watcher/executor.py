"""What ``asyncio.to_thread`` and look-ups of host names run in, under ``Watcher.run``."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import Any, Final

MOST_WORKERS: Final = min(32, (os.cpu_count() or 1) + 4)
"""As many as asyncio's own has."""


class DaemonExecutor(ThreadPoolExecutor):
    """A ThreadPoolExecutor by type only, for a loop takes no other: its threads are daemons.

    The process ends only when the threads of the usual one have returned. One that never does would keep a program
    that has ended for ever, with nobody to tell that it has.
    """

    def __init__(self) -> None:
        super().__init__(MOST_WORKERS)
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._started = 0
        self._starting = threading.Lock()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call ``fn`` when a thread is free for it."""
        future: Future[Any] = Future()
        self._calls.put((future, partial(fn, *args, **kwargs)))
        with self._starting:
            if not self._idle.acquire(blocking=False) and self._started < MOST_WORKERS:
                self._started += 1
                threading.Thread(target=self._work, name=f"worker {self._started}", daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            future, call = self._calls.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:
                    future.set_exception(error)
            del future, call  # an idle thread must not keep the last result
            self._idle.release()
