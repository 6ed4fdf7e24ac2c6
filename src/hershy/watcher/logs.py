"""The five logs of a Watcher, each a ring.

Entries are tuples of plain values: cheap to write at a hundred thousand a second, left alone by the garbage collector,
and put into words only when somebody reads them.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

from .wording import rfc3339

logger: Final = logging.getLogger("hershy.watcher")
"""Faults go here too, so that a container's log shows them."""


class EffectEntry(NamedTuple):
    """An effect that was carried out: what it was, how it ended, why it ran, how long it took."""

    at_s: float
    effect: str
    outcome: str
    trigger: str
    took_s: float

    @property
    def message(self) -> str:
        return f"{self.effect}: {self.outcome} after {self.took_s:.6f} s, because of {self.trigger}"


class ReduceEntry(NamedTuple):
    """A transition."""

    at_s: float
    from_state: str
    to_state: str
    event: str

    @property
    def message(self) -> str:
        return f"{self.from_state} -> {self.to_state}: {self.event}"


class WatchErrorEntry(NamedTuple):
    """``phase``: ``source`` (its iterator or function), ``update`` (an update function), or ``close``."""

    at_s: float
    variable: str
    phase: str
    error: str

    @property
    def message(self) -> str:
        return f"{self.variable}: {self.phase}: {self.error}"


class ContextEntry(NamedTuple):
    """A context value that changed; the values as their short ``repr``."""

    at_s: float
    key: str
    old_value: str
    new_value: str

    @property
    def message(self) -> str:
        return f"{self.key}: {self.old_value} -> {self.new_value}"


class StateFaultEntry(NamedTuple):
    """A failure of the program, or something that had to be given up."""

    at_s: float
    state: str
    message: str


AnyEntry = EffectEntry | ReduceEntry | WatchErrorEntry | ContextEntry | StateFaultEntry

E = TypeVar("E", bound=AnyEntry)


class Ring(Generic[E]):
    """The last entries, at most ``size``. Written by the Watcher, read from any thread."""

    def __init__(self, size: int) -> None:
        self._entries: deque[E] = deque(maxlen=size)
        self.add: Callable[[E], None] = self._entries.append

    def __len__(self) -> int:
        return len(self._entries)

    def tail(self, limit: int | None = None) -> list[E]:
        """The last ``limit`` entries, or all, oldest first."""
        entries = list(self._entries)
        return entries if limit is None else entries[max(0, len(entries) - limit) :]


class Logs:
    """The five rings, by their names on the wire."""

    def __init__(self, size: int) -> None:
        self.effect: Ring[EffectEntry] = Ring(size)
        self.reduce: Ring[ReduceEntry] = Ring(size)
        self.watch_error: Ring[WatchErrorEntry] = Ring(size)
        self.context: Ring[ContextEntry] = Ring(size)
        self.state_fault: Ring[StateFaultEntry] = Ring(size)


def as_json(entry: AnyEntry) -> dict[str, object]:
    """An entry as the WatcherAPI shows it: ``timestamp``, ``message``, and its own fields in camel case."""
    fields = entry._asdict()
    shown = {"timestamp": rfc3339(fields.pop("at_s")), "message": entry.message}
    return shown | {_camel(name): value for name, value in fields.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
