"""RunningProgram: one program of a Host, without its id in every call."""

from datetime import timedelta
from typing import TYPE_CHECKING

from hershy.core.ids import ProgramID
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.runtime import LogQuery

if TYPE_CHECKING:
    from .host import Host


class RunningProgram:
    """What ``Host.running`` gives. Every method raises as the Host's of the same name."""

    def __init__(self, host: "Host", program_id: ProgramID) -> None:
        self.id = program_id
        self._host = host

    async def get(self) -> Program:
        """The program as it is now: state, URL, exit and so on."""
        return await self._host.get(self.id)

    async def message(self, content: str) -> str:
        """Send a message to the program's WatcherAPI and return the body of its answer."""
        return await self._host.message(self.id, content)

    async def logs(self, tail: int | None = 200) -> str:
        """The last lines of its output; None for all that is kept."""
        return (await self._host.logs(self.id, LogQuery(tail=tail))).text

    async def stop(self, timeout: timedelta = timedelta(minutes=2)) -> Program:
        """Stop it gracefully and return it Stopped."""
        await self._host.stop(self.id)
        return await self.wait_for(ProgramState.STOPPED, timeout=timeout)

    async def restart(self, timeout: timedelta = timedelta(minutes=5)) -> Program:
        """Give it a new container of the same image and ``/state``, and return it Ready."""
        await self._host.restart(self.id)
        return await self.wait_for(ProgramState.READY, timeout=timeout)

    async def wait_for(self, *states: ProgramState, timeout: timedelta = timedelta(minutes=15)) -> Program:
        """Return it as soon as it is in one of ``states``."""
        return await self._host.wait_for(self.id, *states, timeout=timeout)
