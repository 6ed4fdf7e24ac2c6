"""Saving what an event has led to, also when the repository fails in the middle: was it saved or not?"""

from collections.abc import Callable
from datetime import timedelta

from hershy.errors import RepositoryUnavailable
from hershy.programs.ports.repository import Record

from ..services import Services

FIRST_RETRY = timedelta(milliseconds=100)
LONGEST_RETRY = timedelta(seconds=5)


async def commit(
    services: Services, record: Record, on_trouble: Callable[[Exception], None], *, insist: bool
) -> Record | None:
    """Return the record as saved; None when the repository failed and has not got it, unless ``insist``: then try on.

    A failed write may have happened all the same, so each failure is followed by looking. ``on_trouble`` is told of
    every failure. Goes on until it knows; cancel freely. Raises StaleVersion when somebody else saved this program.
    """
    repository, program_id = services.repository, record.program.id
    delay, is_in_doubt = FIRST_RETRY, False
    while True:
        try:
            if not is_in_doubt:
                return await repository.save(record)
            stored = await repository.get(program_id)
            if stored.version > record.program.version:
                (entry,) = await repository.journal(program_id, limit=1)
                return Record(stored, entry)
            if not insist:
                return None
            is_in_doubt = False
        except (RepositoryUnavailable, OSError) as error:
            is_in_doubt = True
            on_trouble(error)
            await services.clock.sleep(delay)
            delay = min(delay * 2, LONGEST_RETRY)
