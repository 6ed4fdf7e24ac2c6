"""EventBus: what happens to programs, for those who watch."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

from hershy.core.ids import ProgramID
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import Program


@dataclass(frozen=True, slots=True)
class Happened:
    """An event has been applied to the program; ``entry`` is in the journal."""

    program: Program
    entry: JournalEntry


@dataclass(frozen=True, slots=True)
class BuildLine:
    """``number`` counts the lines of one build from 1."""

    text: str
    number: int = 1


@dataclass(frozen=True, slots=True)
class ProgramDeleted:
    """The program is gone; ``entry`` is the last one in its journal."""

    entry: JournalEntry


@dataclass(frozen=True, slots=True)
class EventsLost:
    """A subscriber fell behind: ``count`` notices before the next one were dropped for it."""

    count: int


Notice = Happened | BuildLine | ProgramDeleted | EventsLost


@dataclass(frozen=True, slots=True)
class Published:
    """A notice as subscribers get it. ``id`` grows by one with each publication on the bus."""

    id: int
    at: datetime
    program_id: ProgramID
    notice: Notice


class EventBus(ABC):
    @abstractmethod
    def publish(self, program_id: ProgramID, at: datetime, notice: Notice) -> None:
        """Hand the notice to every present subscriber. Never blocks, never raises."""

    @abstractmethod
    def subscribe(self, program_id: ProgramID | None = None) -> AbstractAsyncContextManager[AsyncIterator[Published]]:
        """Receive what is published, of one program if given, from entering the context until leaving it.

        The buffer is bounded: when a subscriber falls behind, its oldest notices are dropped and one
        EventsLost takes their place. The iterator ends when the bus is closed.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """End every subscription. Idempotent."""
