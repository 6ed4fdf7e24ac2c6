"""What callers hand to the Host beside the domain's own values."""

from dataclasses import dataclass

from hershy.builds.spec import BuildSpec
from hershy.core.ids import UserID
from hershy.programs.domain.program import ProgramOptions


@dataclass(frozen=True, slots=True, init=False)
class ProgramRequest:
    """Whose program, what it is built from, and how it is run."""

    user_id: UserID
    build: BuildSpec
    options: ProgramOptions = ProgramOptions()

    def __init__(self, user_id: UserID | str, build: BuildSpec, options: ProgramOptions = ProgramOptions()) -> None:
        object.__setattr__(self, "user_id", UserID.of(user_id))
        object.__setattr__(self, "build", build)
        object.__setattr__(self, "options", options)
