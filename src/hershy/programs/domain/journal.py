"""The journal: what has happened to each program, in order, kept with its state."""

from dataclasses import dataclass
from datetime import datetime

from hershy.core.exits import ExitReason
from hershy.core.ids import ProgramID

from . import events as on
from .events import Event
from .program import Program
from .state import ProgramState

REGISTERED = "registered"
DELETED = "deleted"
MAX_DETAIL = 16 * 1024
"""Characters of a detail that are kept: its beginning says what happened, log lines follow."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One applied event. ``id`` is given by the repository: it grows from entry to entry, with gaps.

    ``previous`` is None for a registration, ``state`` None for a program that is gone. ``detail`` says in words what
    the event brought along: the reason of a failure, of an exit with the last log lines, of a request. ``actor`` is who
    asked for it; empty for what nobody has asked for.
    """

    program_id: ProgramID
    at: datetime
    event: str
    previous: ProgramState | None
    state: ProgramState | None
    detail: str = ""
    exit_reason: ExitReason | None = None
    id: int = 0
    actor: str = ""


def registration(program: Program, actor: str = "") -> JournalEntry:
    return JournalEntry(program.id, program.created_at, REGISTERED, None, program.state, actor=actor)


def transition(event: Event, before: Program, after: Program, actor: str = "") -> JournalEntry:
    """The entry for an event that led from ``before`` to ``after``."""
    return JournalEntry(
        program_id=after.id,
        at=after.updated_at,
        event=event.label,
        previous=before.state,
        state=after.state,
        detail=event.detail[:MAX_DETAIL],
        exit_reason=_exit_reason(event),
        actor=actor,
    )


def _exit_reason(event: Event) -> ExitReason | None:
    match event:
        case on.Exited(exit_reason=reason) | on.HostRestarted(found=on.FoundContainer(exit_reason=reason)):
            return reason
        case _:
            return None


def deletion(program: Program, at: datetime) -> JournalEntry:
    return JournalEntry(program.id, at, DELETED, program.state, None)
