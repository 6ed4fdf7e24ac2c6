"""Programs that keep more in ``/state`` than they may are stopped: no file system that hershy can count on does it."""

from hershy.core.log import get_logger
from hershy.core.resources import MIB, ResourceLimits
from hershy.programs.domain.events import StateLimitPassed
from hershy.programs.domain.state import ALIVE
from hershy.programs.ports.storage import StateUsage

from ..services import Services
from ..supervision.registry import Registry

_log = get_logger("hershy.state_limit")
_REMEDY = "remove files from the program's state folder before it is started again, or register it with more"


class StateLimit:
    """What is written between two looks is above the limit by as much as the disk takes in that time.

    Beyond that, the kernel holds each single file to the limit (the container's ``fsize``); where both are not
    enough, the storage root belongs on a file system of its own, with quotas.
    """

    def __init__(self, services: Services, registry: Registry) -> None:
        self._services = services
        self._registry = registry
        self._has_warned = False

    async def enforce(self) -> None:
        """Measure every program that runs, one after the other, and tell those above their limit."""
        for supervisor in list(self._registry):
            program = supervisor.program
            if program.state not in ALIVE:
                continue
            limits = program.options.resources
            try:
                usage = await self._services.storage.state_usage(program.id, limits.state_entries)
            except OSError as error:
                _log.warning("state not measured", program_id=str(program.id), error=str(error))
                continue
            if usage.unread and not self._has_warned:
                self._has_warned = True
                _log.warning(
                    "folders in /state cannot be read by the Host's user, so limits hold for the rest alone: run the "
                    "Host as root or with CAP_DAC_READ_SEARCH; said once",
                    program_id=str(program.id),
                    folders=usage.unread,
                )
            if passed := _passed(usage, limits):
                await supervisor.post(StateLimitPassed(program.epoch, passed))


def _passed(usage: StateUsage, limits: ResourceLimits) -> str:
    """Which limit, and what to do; empty where none is."""
    if usage.bytes > limits.state_bytes:
        most = f"{limits.state_bytes / MIB:.1f} MiB"
        return f"/state holds {usage.bytes / MIB:.1f} MiB, more than the {most} of its limit: {_REMEDY} state_bytes"
    if usage.entries > limits.state_entries:
        most = f"{limits.state_entries} entries"
        return f"/state holds more files, folders and links than the {most} of its limit: {_REMEDY} state_entries"
    return ""
