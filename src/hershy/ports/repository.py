"""Repository: the registered programs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hershy.domain.ids import BuildID, ProgramID, UserID
from hershy.domain.program import Program
from hershy.domain.state import ProgramState


@dataclass(frozen=True, slots=True)
class ProgramFilter:
    """Every given criterion must hold; ``labels`` must all be present with these values."""

    user_id: UserID | None = None
    state: ProgramState | None = None
    build_id: BuildID | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def matches(self, program: Program) -> bool:
        return (
            (self.user_id is None or program.user_id == self.user_id)
            and (self.state is None or program.state is self.state)
            and (self.build_id is None or program.build_id == self.build_id)
            and self.labels.items() <= program.options.labels.items()
        )


class Repository(ABC):
    """Keeps immutable snapshots. Once a method has returned, what it wrote is as durable as the adapter is."""

    durable: bool
    """Whether what is stored outlives the process. Where not, the Host stops its programs when it closes."""

    @abstractmethod
    async def add(self, program: Program) -> Program:
        """Store a new program as version 1 and return it so. Raises AlreadyExists."""

    @abstractmethod
    async def get(self, program_id: ProgramID) -> Program:
        """Raises ProgramNotFound."""

    @abstractmethod
    async def save(self, program: Program) -> Program:
        """Replace the stored program and return it with its version raised by one.

        Raises ProgramNotFound, and StaleVersion when the stored version is not ``program.version``; nothing has
        changed then.
        """

    @abstractmethod
    async def list(self, matching: ProgramFilter = ProgramFilter()) -> Sequence[Program]:
        """Matching programs in order of ``created_at``, then id."""

    @abstractmethod
    async def remove(self, program_id: ProgramID) -> None:
        """Forget the program. Idempotent."""

    @abstractmethod
    async def aclose(self) -> None:
        """Release connections. Idempotent; releases also when it fails."""
