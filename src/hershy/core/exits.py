"""Why a container's process ended."""

import signal
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class ExitKind(StrEnum):
    """The cause, as far as it can be known."""

    CODE = "code"
    SIGNAL = "signal"
    OUT_OF_MEMORY = "out_of_memory"
    STATE_LIMIT = "state_limit"
    REQUESTED = "requested"
    ENGINE_LOST = "engine_lost"


@dataclass(frozen=True, slots=True)
class ExitReason:
    """A typed exit. ``code`` is the process's exit status, 128 + n when signal n ended it; None if unknown."""

    kind: ExitKind
    code: int | None = None

    @classmethod
    def from_status(cls, code: int, *, out_of_memory: bool = False) -> Self:
        """Read an engine's exit status; above 128 it means a signal by the shell's convention."""
        if out_of_memory:
            return cls(ExitKind.OUT_OF_MEMORY, code)
        return cls(ExitKind.SIGNAL if 128 < code <= 128 + signal.NSIG else ExitKind.CODE, code)

    @property
    def is_success(self) -> bool:
        return self.kind is ExitKind.CODE and self.code == 0

    def __str__(self) -> str:
        match self.kind:
            case ExitKind.CODE:
                return f"exited with code {self.code}"
            case ExitKind.SIGNAL:
                return f"killed by {_signal_name((self.code or 128) - 128)}"
            case ExitKind.OUT_OF_MEMORY:
                return "killed: out of memory"
            case ExitKind.STATE_LIMIT:
                return "killed: /state outgrew its limit"
            case ExitKind.REQUESTED:
                return "stopped on request"
            case ExitKind.ENGINE_LOST:
                return "vanished from the container engine"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
