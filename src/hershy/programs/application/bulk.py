"""One request for many programs, with a result for each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from hershy.core.ids import ProgramID
from hershy.errors import HershyError
from hershy.programs.domain.program import Program

AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """Of one program. ``error`` None: done, as a request for this program alone would have been."""

    program_id: ProgramID
    error: HershyError | OSError | None = None


async def each(programs: Sequence[Program], act: Callable[[ProgramID], Awaitable[object]]) -> Sequence[BulkOutcome]:
    """Carry ``act`` out on every program, some at a time; the failure of one stops no other. In the given order."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(program_id: ProgramID) -> BulkOutcome:
        async with slots:
            try:
                await act(program_id)
            except (HershyError, OSError) as error:
                return BulkOutcome(program_id, error)
            return BulkOutcome(program_id)

    return await asyncio.gather(*(one(it.id) for it in programs))
