"""What callers hand to the Host beside the domain's own values."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hershy.builds.spec import BuildSpec
from hershy.core.ids import UserID
from hershy.programs.domain.program import ProgramOptions


@dataclass(frozen=True, slots=True)
class ProgramRequest:
    """Whose program, what it is built from, and how it is run."""

    user_id: UserID
    build: BuildSpec
    options: ProgramOptions = ProgramOptions()

    if TYPE_CHECKING:  # a text is as good as the id it is made

        def __init__(
            self, user_id: UserID | str, build: BuildSpec, options: ProgramOptions = ProgramOptions()
        ) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "user_id", UserID.of(self.user_id))
