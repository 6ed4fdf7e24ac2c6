"""The last log lines of a container that failed: they go into ``error_msg`` and the journal."""

from hershy.core.deadline import within
from hershy.core.ids import ContainerID, ProgramID
from hershy.errors import HershyError
from hershy.programs.ports.runtime import LogQuery

from ..services import Services

FAILURE_LOG_LINES = 20
LONGEST_LINE = 500
"""Characters of one line: enough for a message, and twenty of them fit in a journal entry."""


async def log_tail(services: Services, program_id: ProgramID, container_id: ContainerID) -> tuple[str, ...]:
    """Oldest first. Raises nothing: where the engine can't tell, a line says so."""
    try:
        reading = _last_lines(services, container_id)
        return await within(services.clock, services.limits.engine, f"reading the logs of {program_id}", reading)
    except (HershyError, TimeoutError) as error:
        return (f"(its logs could not be read: {error})",)


async def _last_lines(services: Services, container_id: ContainerID) -> tuple[str, ...]:
    query = LogQuery(tail=FAILURE_LOG_LINES)
    return tuple([line.text[:LONGEST_LINE] async for line in services.runtime.logs(container_id, query)])
