"""Stopping a program because its Host ends and nobody would know of it afterwards."""

from hershy.core.deadline import within
from hershy.core.log import get_logger
from hershy.programs.domain import events as on
from hershy.programs.domain.state import ProgramState

from ..services import Services
from .supervisor import Supervisor

_log = get_logger("hershy.host")


async def wind_down(supervisor: Supervisor, services: Services) -> None:
    """Return once the program is at rest and its effects have ended, or its time is up. Raises nothing."""
    program, limits = supervisor.program, services.limits
    try:
        # Each of finding, stopping and removing the container may take the engine's whole deadline.
        timeout = limits.stop_grace + 3 * limits.engine
        await within(services.clock, timeout, f"stopping {program.id}", _stop_and_settle(supervisor))
    except Exception as error:
        _log.warning("not stopped", program_id=str(program.id), error=repr(error))


async def _stop_and_settle(supervisor: Supervisor) -> None:
    while supervisor.program.state.is_active:
        if supervisor.program.state is not ProgramState.STOPPING:
            await supervisor.request(on.StopRequested("the Host is closing"))
        if await supervisor.is_gone():
            return  # by a deletion that was under way; the last snapshot says Stopping for ever
    await supervisor.settled()
