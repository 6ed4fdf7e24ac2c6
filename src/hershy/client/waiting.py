"""What an event means to somebody who waits for a state. No I/O: for those who read ``events`` themselves."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto

from hershy.errors import ProgramFailed, ProgramNotFound
from hershy.programs.domain.state import FINAL, ProgramState
from hershy.wire import DeletedEvent, LostEvent, ProgramEvent, StateEvent


class WaitStep(Enum):
    """What the waiter does next."""

    GO_ON = auto()
    REACHED = auto()
    ASK_AGAIN = auto()
    """Events were dropped, perhaps the one waited for; a new stream begins with the present state."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody waits until ``program_id`` is in one of ``states``."""

    program_id: str
    states: frozenset[ProgramState]

    @classmethod
    def make(cls, program_id: str, states: ProgramState | str | Collection[ProgramState | str]) -> "Wait":
        """Take one state or several, by name too. Raises ValueError for a name that is no state."""
        given = (states,) if isinstance(states, str) else tuple(states)
        return cls(program_id, frozenset(ProgramState(state) for state in given))

    def judge(self, event: ProgramEvent) -> WaitStep:
        """Raises ProgramFailed when the program rests elsewhere, ProgramNotFound when it was deleted."""
        match event:
            case StateEvent(state=state) if state in self.states:
                return WaitStep.REACHED
            case StateEvent(state=state, error_msg=error_msg) if state in FINAL:
                raise ProgramFailed(self.program_id, state, error_msg)
            case DeletedEvent():
                raise ProgramNotFound(self.program_id, "was deleted")
            case LostEvent():
                return WaitStep.ASK_AGAIN
        return WaitStep.GO_ON

    @property
    def wanted(self) -> str:
        return " or ".join(sorted(self.states))
