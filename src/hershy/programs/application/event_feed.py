"""What happens to programs, for those who watch from afar: nothing of the journal is missed, whatever breaks."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime

from hershy.core.ids import ProgramID
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.ports.event_bus import BuildLine, EventsLost, Happened, ProgramDeleted

from .services import Services

PAGE = 500


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """A line of a build, as it comes; lines are not replayed."""

    program_id: ProgramID
    at: datetime
    text: str


Fed = JournalEntry | BuildProgress | EventsLost


async def feed(services: Services, program_id: ProgramID | None, after: int | None) -> AsyncGenerator[Fed, None]:
    """Journal entries above ``after``, then what happens from now on, in one gapless sequence.

    ``after`` None begins with the newest entry of the one program, or with what comes next of all. One who reads
    too slowly loses build output, and is told so; entries are read from the journal again. Ends with the program's
    deletion, and when the Host is closed.
    """
    repository = services.repository
    async with services.event_bus.subscribe(program_id) as published:
        has_gap = after is not None
        if after is None:
            newest = await repository.journal(program_id, limit=1)
            after = newest[-1].id if newest else 0
            if program_id is not None:
                for entry in newest:
                    yield entry
        while True:
            while has_gap:
                page = await repository.journal(program_id, after=after, limit=PAGE)
                for entry in page:
                    after = entry.id
                    yield entry
                    if program_id is not None and entry.state is None:
                        return
                has_gap = len(page) == PAGE
            try:
                it = await anext(published)
            except StopAsyncIteration:
                return
            has_gap = isinstance(it.notice, EventsLost)
            match it.notice:
                case Happened(_, entry) | ProgramDeleted(entry) if program_id is None:
                    # Programs publish independently: this entry may come before an older one of another program. So
                    # it only says that there is more in the journal, which has them in order.
                    has_gap = entry.id > after
                case Happened(_, entry) | ProgramDeleted(entry) if entry.id > after:
                    after = entry.id
                    yield entry
                    if program_id is not None and entry.state is None:
                        return
                case BuildLine(text):
                    yield BuildProgress(it.program_id, it.at, text)
                case EventsLost():
                    yield it.notice
                case _:
                    pass  # replayed already
