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
    """Safe from any thread: an update is one step.

    ``allow`` is called just before a change: it raises for one who may change nothing any more.
    """

    def __init__(self, log: Ring[ContextEntry], clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._values: dict[str, Any] = {}
        self._turn = threading.RLock()
        self._writing = threading.Lock()

    def get(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    def set(self, key: str, value: object, allow: Allow) -> None:
        with self._turn:
            self._write(key, value, allow)

    def update(self, key: str, function: Callable[[Any], Any], allow: Allow) -> Any:
        with self._turn:
            value = function(copy.deepcopy(self._values.get(key)))
            self._write(key, value, allow)
            return value

    def abandon(self) -> None:
        """Lock nobody out any more: whoever is having his turn may be blocked in it, and ``allow`` now refuses him."""
        with self._writing:
            self._turn = threading.RLock()

    def _write(self, key: str, value: object, allow: Allow) -> None:
        name, old, new = as_key(key), brief(self._values.get(key)), brief(value)
        with self._writing:  # no function of the program's is called under this one
            allow()
            self._values[key] = value
            self._log.add(ContextEntry(self._clock.time(), name, old, new))
