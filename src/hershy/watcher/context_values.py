"""A program's own values, kept from one execution to the next; every change is logged."""

import copy
import threading
from collections.abc import Callable
from typing import Any

from .clock import Clock
from .logs import ContextEntry, Ring
from .wording import as_key, brief

Allow = Callable[[], None]


class ContextValues:
    """Safe from any thread. A program's functions are never called under the lock: one that blocks locks nobody out.

    ``allow`` is called under it, just before a change: it raises for one who may change nothing any more.
    """

    def __init__(self, log: Ring[ContextEntry], clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._values: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    def set(self, key: str, value: object, allow: Allow) -> None:
        while not self._replace(key, self._values.get(key), value, allow):
            continue

    def update(self, key: str, function: Callable[[Any], Any], allow: Allow) -> Any:
        while True:
            before = self._values.get(key)
            value = function(copy.deepcopy(before))
            if self._replace(key, before, value, allow):
                return value

    def _replace(self, key: str, before: object, value: object, allow: Allow) -> bool:
        """Unless another thread has replaced ``before`` meanwhile."""
        name, old, new = as_key(key), brief(before), brief(value)
        with self._lock:
            allow()
            is_unchanged = self._values.get(key) is before
            if is_unchanged:
                self._values[key] = value
                self._log.add(ContextEntry(self._clock.time(), name, old, new))
        return is_unchanged
