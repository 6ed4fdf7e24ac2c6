"""Values that the contract suites use as examples."""

from datetime import UTC, datetime
from typing import Any

from hershy.builds.spec import BuildSpec
from hershy.core.ids import ProgramID, PublishPort, UserID
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import Program
from hershy.programs.ports.repository import Record

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def sample_program(
    number: int = 0, user: str = "alice", spec: BuildSpec = BuildSpec("FROM scratch"), **changes: Any
) -> Program:
    """A program just registered; ``number`` tells programs of one user and build apart."""
    program_id = ProgramID.compose(UserID(user), spec.build_id, f"{number:08x}")
    fields: dict[str, Any] = {
        "publish_port": PublishPort(19001 + number),
        "created_at": NOW,
        "updated_at": NOW,
    } | changes
    return Program(id=program_id, user_id=UserID(user), build_id=spec.build_id, **fields)


def sample_entry(program: Program, event: str = "sample", **changes: Any) -> JournalEntry:
    """An entry not yet numbered, of an event that left the program as it is now."""
    fields: dict[str, Any] = {"at": program.updated_at, "previous": None, "state": program.state} | changes
    return JournalEntry(program.id, event=event, **fields)


def sample_record(program: Program, event: str = "sample") -> Record:
    return Record(program, sample_entry(program, event))
