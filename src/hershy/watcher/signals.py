"""What makes the managed function run: messages, changes of watched variables, and the lifecycle."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

MOST_NAMED: Final = 5
"""Variables that a log entry names: thousands of entries must not hold a thousand names each."""


class SignalKind(StrEnum):
    """In the order of their priority."""

    WATCHER = "WatcherSig"
    USER = "UserSig"
    VAR = "VarSig"


class Message(NamedTuple):
    """What somebody sent. ``sent_at_s``: seconds since 1970, UTC."""

    content: str
    sent_at_s: float

    @property
    def sent_at(self) -> datetime:
        return datetime.fromtimestamp(self.sent_at_s, UTC)


class Signal(NamedTuple):
    """A signal as it is remembered for ``GET /watcher/signals``. ``created_at_s``: seconds since 1970, UTC."""

    kind: SignalKind
    content: str
    created_at_s: float


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why this execution runs. ``var_names``: the watched variables that changed, in the order they did."""

    is_user: bool = False
    is_watcher: bool = False
    var_names: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        """Did the variable ``name`` cause this execution?"""
        return name in self.var_names

    def __str__(self) -> str:
        if self.is_user:
            return SignalKind.USER
        if self.is_watcher:
            return SignalKind.WATCHER
        named = ", ".join(self.var_names[:MOST_NAMED])
        unnamed = len(self.var_names) - MOST_NAMED
        return f"{SignalKind.VAR} {named}" + (f" and {unnamed} more" if unnamed > 0 else "")


BY_USER: Final = Trigger(is_user=True)
BY_WATCHER: Final = Trigger(is_watcher=True)
