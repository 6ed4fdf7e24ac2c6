"""Programs that keep more in ``/state`` than they may are stopped: no file system that hershy can count on does it."""

from hershy.core.log import get_logger
from hershy.core.resources import MIB
from hershy.programs.domain.events import StateLimitPassed
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ALIVE

from ..services import Services
from ..supervision.registry import Registry

_log = get_logger("hershy.state_limit")


class StateLimit:
    """What is written between two looks is above the limit by as much as the disk takes in that time.

    Beyond that, the kernel holds each single file to the limit (the container's ``fsize``); where both are not
    enough, the storage root belongs on a file system of its own, with quotas.
    """

    def __init__(self, services: Services, registry: Registry) -> None:
        self._services = services
        self._registry = registry

    async def enforce(self) -> None:
        """Measure every program that runs, one after the other, and tell those above their limit."""
        for supervisor in list(self._registry):
            program = supervisor.program
            if program.state not in ALIVE:
                continue
            try:
                size = await self._services.storage.state_size(program.id)
            except OSError as error:
                _log.warning("state not measured", program_id=str(program.id), error=str(error))
                continue
            if size > program.options.resources.state_bytes:
                await supervisor.post(StateLimitPassed(program.epoch, _explained(program, size)))


def _explained(program: Program, size: int) -> str:
    most = program.options.resources.state_bytes
    return (
        f"/state holds {size / MIB:.1f} MiB, more than the {most / MIB:.1f} MiB of its limit: remove files from the "
        f"program's state folder before it is started again, or register it with more state_bytes"
    )
