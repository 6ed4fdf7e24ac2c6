"""Programs and journal entries as rows, and back.

What JSON holds may grow: a field that an older row lacks gets its default, and one that a newer hershy has added is
left out. To rename or to retype one takes a migration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from sqlalchemy import RowMapping

from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitReason
from hershy.core.ids import BuildID, ContainerID, ImageID, OwnerID, ProgramID, PublishPort, UserID
from hershy.errors import RepositoryUnavailable
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import DesiredState, Program, ProgramOptions
from hershy.programs.domain.restart import RestartHistory
from hershy.programs.domain.state import ProgramState

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Details:
    """What of a program no query asks for, but its error message."""

    build_args: Mapping[str, str] = field(default_factory=dict)
    options: ProgramOptions = ProgramOptions()
    epoch: int = 0
    image_id: str | None = None
    container_id: str | None = None
    endpoint: Endpoint | None = None
    container_started_at: datetime | None = None
    exit_reason: ExitReason | None = None
    restarts: RestartHistory = RestartHistory()
    next_restart_at: datetime | None = None
    is_healthy: bool | None = None
    state_since: datetime | None = None


_DETAILS = TypeAdapter(_Details)
_EXIT_REASON: TypeAdapter[ExitReason | None] = TypeAdapter(ExitReason | None)


def program_row(owner: OwnerID, program: Program) -> Row:
    details = _Details(
        build_args=program.build_args,
        options=program.options,
        epoch=program.epoch,
        image_id=_text(program.image_id),
        container_id=_text(program.container_id),
        endpoint=program.endpoint,
        container_started_at=program.container_started_at,
        exit_reason=program.exit_reason,
        restarts=program.restarts,
        next_restart_at=program.next_restart_at,
        is_healthy=program.is_healthy,
        state_since=program.state_since,
    )
    return {
        "owner": str(owner),
        "id": str(program.id),
        "user_id": str(program.user_id),
        "build_id": str(program.build_id),
        "publish_port": None if program.publish_port is None else int(program.publish_port),
        "state": str(program.state),
        "desired": str(program.desired),
        "version": program.version,
        "created_at": program.created_at,
        "updated_at": program.updated_at,
        # A message may quote a program's output: JSON in ASCII carries NUL and lone surrogates, a text column neither.
        "details": {**_json(details), "error_msg": program.error_msg},
    }


def program_of(row: RowMapping) -> Program:
    """Raises RepositoryUnavailable when the row breaks the domain's rules."""
    stored = dict(row["details"])
    try:
        error_msg = stored.pop("error_msg", "")
        details = _DETAILS.validate_python(stored)
        return Program(
            id=ProgramID(row["id"]),
            user_id=UserID(row["user_id"]),
            build_id=BuildID(row["build_id"]),
            publish_port=None if row["publish_port"] is None else PublishPort(row["publish_port"]),
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            build_args=details.build_args,
            options=details.options,
            state=ProgramState(row["state"]),
            desired=DesiredState(row["desired"]),
            epoch=details.epoch,
            image_id=None if details.image_id is None else ImageID(details.image_id),
            container_id=None if details.container_id is None else ContainerID(details.container_id),
            endpoint=details.endpoint,
            container_started_at=details.container_started_at,
            exit_reason=details.exit_reason,
            error_msg=error_msg,
            restarts=details.restarts,
            next_restart_at=details.next_restart_at,
            is_healthy=details.is_healthy,
            state_since=details.state_since or row["created_at"],
            version=row["version"],
        )
    except ValueError as error:
        raise _unreadable(f"program {row['id']}", error) from None


def entry_row(owner: OwnerID, entry: JournalEntry) -> Row:
    return {
        "owner": str(owner),
        "program_id": str(entry.program_id),
        "at": entry.at,
        "event": entry.event,
        "previous": _text(entry.previous),
        "state": _text(entry.state),
        "details": {"detail": entry.detail, "exit_reason": _json(entry.exit_reason), "actor": entry.actor},
    }


def entry_of(row: RowMapping) -> JournalEntry:
    """Raises RepositoryUnavailable when the row breaks the domain's rules."""
    details = row["details"]
    try:
        return JournalEntry(
            program_id=ProgramID(row["program_id"]),
            at=row["at"],
            event=row["event"],
            previous=_state(row["previous"]),
            state=_state(row["state"]),
            detail=details.get("detail", ""),
            exit_reason=_EXIT_REASON.validate_python(details.get("exit_reason")),
            id=row["id"],
            actor=details.get("actor", ""),
        )
    except ValueError as error:
        raise _unreadable(f"journal entry {row['id']} of {row['program_id']}", error) from None


def _json(value: object) -> Any:
    return to_jsonable_python(value, fallback=dict)  # read-only mappings are unknown to it


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)


def _state(name: str | None) -> ProgramState | None:
    return None if name is None else ProgramState(name)


def _unreadable(what: str, error: ValueError) -> RepositoryUnavailable:
    """To be raised without its cause, which would show the values: an environment holds secrets."""
    problem = str(error)
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return RepositoryUnavailable(
        f"{what} cannot be read from the database ({problem}); was it written by a newer hershy, or changed by hand?"
    )
