"""Values that the contract suites use as examples."""

from datetime import UTC, datetime
from typing import Any

from hershy.domain.build_spec import BuildSpec
from hershy.domain.ids import ProgramID, PublishPort, UserID
from hershy.domain.program import Program

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
