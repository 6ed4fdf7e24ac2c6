"""Repository: the registered programs, and the journal of what has happened to each."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hershy.core.ids import BuildID, ProgramID, UserID
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState


@dataclass(frozen=True, slots=True)
class ProgramFilter:
    """Every given criterion must hold; ``labels`` must all be present with these values.

    ``text``, whatever its case, must be part of the description, the program's or user's id, or a label ``key=value``.
    """

    user_id: UserID | None = None
    state: ProgramState | None = None
    build_id: BuildID | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    def __post_init__(self) -> None:
        for name, kind in (("user_id", UserID), ("build_id", BuildID)):
            if (given := getattr(self, name)) is not None:
                object.__setattr__(self, name, kind.of(given))

    def matches(self, program: Program) -> bool:
        return (
            (self.user_id is None or program.user_id == self.user_id)
            and (self.state is None or program.state is self.state)
            and (self.build_id is None or program.build_id == self.build_id)
            and self.labels.items() <= program.options.labels.items()
            and (not self.text or self._is_in(program))
        )

    def _is_in(self, program: Program) -> bool:
        options, text = program.options, self.text.casefold()
        labels = (f"{key}={value}" for key, value in options.labels.items())
        return any(
            text in it.casefold() for it in (options.description, program.id.value, program.user_id.value, *labels)
        )


@dataclass(frozen=True, slots=True)
class Record:
    """A program and the journal entry that tells how it came to be so. What a repository returns has version and id."""

    program: Program
    entry: JournalEntry


class Repository(ABC):
    """Keeps immutable snapshots and the journal of what led to them; both are written together or not at all.

    Once a method has returned, what it wrote is as durable as the adapter is. Writes take effect, and their journal
    entries get their ids, in the order in which the methods return. Every method raises RepositoryUnavailable when
    the database does not answer or cannot write. A cancelled write may have happened or not, but never by half.
    """

    durable: bool
    """Whether what is stored outlives the process. Where not, the Host stops its programs when it closes."""

    @abstractmethod
    async def add(self, records: Sequence[Record]) -> Sequence[Record]:
        """Store new programs as version 1, all or none, and return them so. Raises AlreadyExists."""

    @abstractmethod
    async def get(self, program_id: ProgramID) -> Program:
        """Raises ProgramNotFound."""

    @abstractmethod
    async def save(self, record: Record) -> Record:
        """Replace the stored program and return it with its version raised by one.

        Raises ProgramNotFound, and StaleVersion when the stored version is not ``program.version``; nothing has
        changed then.
        """

    @abstractmethod
    async def list(self, matching: ProgramFilter = ProgramFilter()) -> Sequence[Program]:
        """Matching programs in order of ``created_at``, then id."""

    @abstractmethod
    async def remove(self, entry: JournalEntry) -> JournalEntry:
        """Forget the entry's program and append the entry, also when the program is absent already."""

    @abstractmethod
    async def journal(
        self, program_id: ProgramID | None = None, *, after: int | None = None, limit: int = 200
    ) -> Sequence[JournalEntry]:
        """Entries of one program, or of all, oldest first: the ``limit`` first ones with an id above ``after``.

        With ``after`` None the ``limit`` newest. A program that is gone keeps its entries until they are pruned.
        """

    @abstractmethod
    async def prune_journal(self, before: datetime, keep: int, keep_gone: int) -> int:
        """Drop all but the newest ``keep`` entries of each registered program; of others, those before ``before``, and
        all but the newest ``keep_gone`` of each user.

        Returns how many were dropped.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Release connections. Idempotent; releases also when it fails."""
