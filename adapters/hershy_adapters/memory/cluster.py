"""InMemoryCluster: containers that behave, without an engine, each with an address of its own."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from hershy.core.clock import Clock
from hershy.core.diagnosis import Requirement
from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitReason
from hershy.core.ids import ContainerID, ImageID, OwnerID, ProgramID
from hershy.errors import ContainerNotFound, ImageNotFound, RuntimeFailure
from hershy.programs.domain.security import PROGRAM_PORT
from hershy.programs.ports.runtime import (
    ContainerEvent,
    ContainerSpec,
    ContainerStats,
    ContainerStatus,
    LogLine,
    LogQuery,
    Runtime,
)

from .behaviour import ProgramBehaviour
from .container import SIGKILL_CODE, InMemoryContainer
from .machine import Machine
from .program import InMemoryProgram
from .usage import Usage


class InMemoryCluster(Runtime):
    """Hosts an InMemoryProgram for every running container, at an address of the container's own: no port is shared.

    ``has_image`` says which images exist; by default every image does. Runtimes given one ``machine`` see the
    same containers and ports, each only its own owner's containers.
    """

    def __init__(
        self,
        clock: Clock,
        owner: OwnerID,
        machine: Machine | None = None,
        has_image: Callable[[ImageID], bool] = lambda image_id: True,
    ) -> None:
        self.machine = machine or Machine()
        self._clock = clock
        self._owner = owner
        self._has_image = has_image
        self._default = ProgramBehaviour()
        self._behaviours: dict[ProgramID, ProgramBehaviour] = {}

    def behave(self, behaviour: ProgramBehaviour, program_id: ProgramID | None = None) -> None:
        """Decide what programs do from their next start on: this one, or all that were not named."""
        if program_id is None:
            self._default = behaviour
        else:
            self._behaviours[program_id] = behaviour

    async def exit(self, program_id: ProgramID, code: int) -> None:
        """The program ends by itself. Raises ContainerNotFound when it does not run."""
        self._running(program_id).end(ExitReason.from_status(code))

    def kill_out_of_memory(self, program_id: ProgramID) -> None:
        """The kernel kills the program. Raises ContainerNotFound when it does not run."""
        self._running(program_id).end(ExitReason.from_status(SIGKILL_CODE, out_of_memory=True))

    def use(self, program_id: ProgramID, usage: Usage) -> None:
        """What the running program's statistics say from now on. Raises ContainerNotFound when it does not run."""
        self._running(program_id).use(usage)

    def program(self, program_id: ProgramID) -> InMemoryProgram:
        """The running program, ready or not. Raises ContainerNotFound when it does not run."""
        program = self._running(program_id).program
        assert program is not None, "a running container has a program"
        return program

    def program_at(self, endpoint: Endpoint) -> InMemoryProgram | None:
        """What answers HTTP there: None until the program is ready, and once it has ended."""
        container = self._container_at(endpoint)
        return container.program if container is not None and container.is_ready else None

    async def create(self, spec: ContainerSpec) -> ContainerID:
        self.machine.require_up()
        if not self._has_image(spec.image_id):
            raise ImageNotFound(spec.image_id)
        frozen = replace(spec, env=MappingProxyType(dict(spec.env)))
        return self.machine.add(self._owner, frozen, self._clock).id

    async def start(self, container_id: ContainerID) -> Endpoint:
        container = self.machine.get(container_id)
        behaviour = self._behaviours.get(container.spec.program_id, self._default)
        if not container.is_running:
            await self._clock.sleep(behaviour.start_delay)
            self.machine.get(container_id)  # it may have been removed meanwhile
        if not container.is_running:
            self._require_place(container, behaviour)
            if behaviour.fails_to_start:
                raise RuntimeFailure(f"starting {container_id}: its behaviour says fails_to_start")
            container.run(behaviour)
        if container.is_running:
            self._connect(container)
        return self._endpoint_of(container)

    async def stop(self, container_id: ContainerID, grace: timedelta) -> None:
        await self.machine.get(container_id).stop(grace)

    async def remove(self, container_id: ContainerID) -> None:
        self.machine.remove(container_id)

    async def wait(self, container_id: ContainerID) -> ExitReason:
        container = self.machine.get(container_id)
        if not container.was_started:
            raise RuntimeFailure(f"waiting for {container_id}: it was never started")
        return await container.wait()

    async def logs(self, container_id: ContainerID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        container = self.machine.get(container_id)
        reading = container.logs.read(query if container.is_running else replace(query, follow=False))
        try:
            async for line in reading:
                yield line
        finally:
            await reading.aclose()

    @asynccontextmanager
    async def events(self) -> AsyncGenerator[AsyncIterator[ContainerEvent], None]:
        with self.machine.subscribed(self._owner) as subscription:
            yield subscription

    async def stats(self, container_id: ContainerID) -> ContainerStats:
        return self.machine.get(container_id).stats()

    async def list_owned(self, program_id: ProgramID | None = None) -> Sequence[ContainerStatus]:
        self.machine.require_up()
        machine = self.machine
        candidates = machine.containers.values() if program_id is None else [machine.of_program(program_id)]
        own = [it for it in candidates if it is not None and it.owner == self._owner]
        return [it.status(self._endpoint_of(it) if it.is_running else None) for it in own]

    async def diagnose(self) -> Sequence[Requirement]:
        return [Requirement("runtime memory", True, "programs live in this process and end with it")]

    def _endpoint_of(self, container: InMemoryContainer) -> Endpoint:
        return Endpoint(str(container.id), PROGRAM_PORT)

    def _container_at(self, endpoint: Endpoint) -> InMemoryContainer | None:
        return self.machine.containers.get(ContainerID(endpoint.host))

    def _require_place(self, container: InMemoryContainer, behaviour: ProgramBehaviour) -> None:
        """Raise unless connections to the container's endpoint can be passed on, once it is started."""

    def _connect(self, container: InMemoryContainer) -> None:
        """Connections to the endpoint of a running container are passed on from now on."""

    def _running(self, program_id: ProgramID) -> InMemoryContainer:
        container = self.machine.of_program(program_id)
        if container is None or not container.is_running:
            raise ContainerNotFound(f"a running one of program {program_id}")
        return container
