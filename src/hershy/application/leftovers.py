"""What a Host that was killed left behind and no registered program claims."""

from collections.abc import Set

from hershy.domain.ids import ProgramID

from .deadline import within
from .log import get_logger
from .services import Services

_log = get_logger("hershy.leftovers")


async def remove_leftovers(services: Services, known: Set[ProgramID]) -> None:
    """Remove every container of this owner whose program is not registered. Folders are kept: they hold data."""
    for container in await services.runtime.list_owned():
        if container.program_id not in known:
            _log.warning("removing a container without a program", program_id=str(container.program_id))
            removal = services.runtime.remove(container.container_id)
            await within(services.clock, services.limits.engine, f"removing {container.container_id}", removal)
    orphans = [it for it in await services.storage.list_programs() if it not in known]
    if orphans:
        _log.warning("folders without a program are kept", count=len(orphans), first=str(orphans[0]))
