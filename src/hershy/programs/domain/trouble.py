"""What the failure of an effect comes to in each state: the part of the state machine's table for what goes wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from hershy.core.exits import ExitKind, ExitReason

from . import effects as do
from . import events as on
from .effects import Effect
from .events import Result
from .program import Program
from .state import ProgramState as S


class Patience(Enum):
    """How long an effect waits for an engine that is away; the Host's policy has the times."""

    NONE = auto()
    """A deletion has a caller who waits; what is at rest is cleaned up after when the engine is back."""
    START = auto()
    ENGINE = auto()


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the failure of an effect comes to: ``event`` of epoch and reason, or None where nobody need learn of it."""

    event: Callable[[int, str], Result] | None
    patience: Patience = Patience.NONE


TROUBLE: Mapping[S, Trouble] = {
    S.CREATED: Trouble(None),
    S.BUILDING: Trouble(on.BuildFailed, Patience.START),
    S.BUILT: Trouble(None),
    S.STARTING: Trouble(on.StartFailed, Patience.START),
    S.RUNNING: Trouble(None),
    S.READY: Trouble(None),
    S.STOPPING: Trouble(on.StopFailed, Patience.ENGINE),
    S.STOPPED: Trouble(None),
    S.ERROR: Trouble(None),
}

_OF_DELETION = Trouble(on.DeletionFailed)


def trouble_with(effect: Effect, program: Program) -> Trouble:
    """What it comes to when ``effect``, asked for by the step that led to ``program``, cannot be carried out."""
    patience = (_OF_DELETION if program.is_being_deleted else TROUBLE[program.state]).patience
    match effect:
        case do.ProbeReadiness():
            return Trouble(on.ReadinessDeadlinePassed, patience)
        case do.WatchExit():
            return Trouble(_lost, patience)
        case _:
            return _OF_DELETION if program.is_being_deleted else TROUBLE[program.state]


def _lost(epoch: int, reason: str) -> on.Exited:
    return on.Exited(epoch, ExitReason(ExitKind.ENGINE_LOST))
