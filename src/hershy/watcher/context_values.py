"""A program's own values, kept from one execution to the next; every change is logged."""

import copy
import threading
from collections.abc import Callable
from typing import Any

from .clock import Clock
from .logs import ContextEntry, Ring
from .wording import brief


class ContextValues:
    """Safe from any thread: an update is one step."""

    def __init__(self, log: Ring[ContextEntry], clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._values: dict[str, Any] = {}
        self._lock = threading.RLock()

    def get(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    def set(self, key: str, value: object) -> None:
        with self._lock:
            self._write(key, value)

    def update(self, key: str, function: Callable[[Any], Any]) -> Any:
        with self._lock:
            value = function(copy.deepcopy(self._values.get(key)))
            self._write(key, value)
            return value

    def _write(self, key: str, value: object) -> None:
        old = brief(self._values.get(key))
        self._values[key] = value
        self._log.add(ContextEntry(self._clock.time(), key, old, brief(value)))
