"""Brings what the registry says and what the engine has together: at the Host's start, and again and again."""

import asyncio
from collections.abc import Mapping

from hershy.core.deadline import within
from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ProgramID
from hershy.core.log import get_logger
from hershy.errors import EngineUnavailable, HershyError
from hershy.programs.domain import events as on
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ADOPTABLE, ALIVE
from hershy.programs.ports.runtime import ContainerStatus

from ..output.tail import log_tail
from ..services import Services
from ..supervision.registry import Registry
from ..supervision.supervisor import Supervisor

_log = get_logger("hershy.reconciler")


class Reconciler:
    """The truth of containers is the engine's, that of programs the repository's. Whatever is found is told to the
    program's supervisor as an event; only what belongs to no program is removed here.
    """

    def __init__(self, services: Services, registry: Registry) -> None:
        self._services = services
        self._registry = registry

    async def take_up(self) -> None:
        """Once, after a start of the Host: adopt what runs, finish or compensate what was half done.

        Returns when every program has been told what was found of it; its effects go on.
        """
        containers = await self._containers()
        await self._remove_strays(containers)
        await self._discard_unregistered()
        await asyncio.gather(*(self._take_up(it, containers.get(it.program.id)) for it in self._registry))

    async def reconcile(self) -> None:
        """Tell programs of exits that nobody has seen, and remove containers that no program needs. Idempotent.

        Raises EngineUnavailable.
        """
        # Whoever is alive and has a container before the list is made must be on it.
        alive = {it.program.id: it.program for it in self._registry if it.program.state in ALIVE}
        containers = await self._containers()
        for program_id, program in alive.items():
            supervisor = self._registry.find(program_id)
            if supervisor is not None and supervisor.program.epoch == program.epoch:
                await self.check(supervisor, containers.get(program_id))
        for container in containers.values():
            supervisor = self._registry.find(container.program_id)
            if supervisor is not None and supervisor.program.is_at_rest:
                await supervisor.post(on.LeftoverFound(supervisor.program.epoch))
        await self._remove_strays(containers)

    async def look_at(self, program_id: ProgramID) -> None:
        """The engine says that something of this program has ended: see what. Raises EngineUnavailable."""
        supervisor = self._registry.find(program_id)
        if supervisor is None or supervisor.program.state not in ALIVE:
            return
        epoch = supervisor.program.epoch
        found = await self._services.runtime.list_owned(program_id)
        if supervisor.program.epoch == epoch:  # else the look is older than what has happened since
            await self.check(supervisor, found[0] if found else None)

    async def check(self, supervisor: Supervisor, container: ContainerStatus | None) -> None:
        """Report the exit of a program that is taken to be alive, if its container says so."""
        program = supervisor.program
        if container is None:
            await supervisor.post(on.Exited(program.epoch, ExitReason(ExitKind.ENGINE_LOST)))
        elif container.container_id == program.container_id and container.exit_reason is not None:
            tail = await log_tail(self._services, program.id, container.container_id)
            await supervisor.post(on.Exited(program.epoch, container.exit_reason, tail))

    async def _containers(self) -> Mapping[ProgramID, ContainerStatus]:
        listing = self._services.runtime.list_owned()
        limit = self._services.limits.engine
        owned = await within(self._services.clock, limit, "listing the Host's containers", listing)
        return {it.program_id: it for it in owned}

    async def _take_up(self, supervisor: Supervisor, container: ContainerStatus | None) -> None:
        program = supervisor.program
        if program.is_at_rest and container is None:
            return
        found = None
        if container is not None and await self._is_adoptable(program, container):
            has_ended = container.exit_reason is not None
            tail = await log_tail(self._services, program.id, container.container_id) if has_ended else ()
            found = on.FoundContainer(
                container.container_id,
                container.is_running,
                container.endpoint,
                container.publish_port,
                container.exit_reason,
                tail,
            )
        await supervisor.post(on.HostRestarted(program.epoch, found))
        await supervisor.applied()

    async def _is_adoptable(self, program: Program, container: ContainerStatus) -> bool:
        """Whether a running container is reached, and reaches no more than this Host lets it; else it is replaced."""
        services = self._services
        if program.is_being_deleted or program.state not in ADOPTABLE or not container.is_running:
            return True
        due = program.options.egress.within(services.limits.egress)
        if container.egress.within(due) is not container.egress:
            _log.warning("replacing a container that has more egress than it is due", program_id=str(program.id))
            return False
        if container.egress is Egress.OPEN:
            return True
        try:
            # Whoever passed connections on to it has gone with the Host before.
            call = services.runtime.start(container.container_id)
            await within(services.clock, services.limits.engine, f"reaching the container of {program.id}", call)
        except EngineUnavailable:
            raise
        except HershyError as error:
            _log.warning("replacing a container out of reach", program_id=str(program.id), error=str(error))
            return False
        return True

    async def _remove_strays(self, containers: Mapping[ProgramID, ContainerStatus]) -> None:
        services = self._services
        for container in containers.values():
            if self._registry.find(container.program_id) is None:
                _log.warning("removing a container without a program", program_id=str(container.program_id))
                removal = services.runtime.remove(container.container_id)
                try:
                    await within(services.clock, services.limits.engine, f"removing {container.container_id}", removal)
                except HershyError as error:
                    _log.warning("not removed", program_id=str(container.program_id), error=str(error))

    async def _discard_unregistered(self) -> None:
        """Folders of a registration that was cut short go; folders with anybody's data in them stay."""
        for program_id in await self._services.storage.list_programs():
            is_registered = self._registry.find(program_id) is not None
            if not is_registered and not await self._services.storage.delete(program_id, unless_used=True):
                _log.warning("a folder without a program is kept, since it holds data", program_id=str(program_id))
