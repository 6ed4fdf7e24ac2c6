"""InMemoryRuntime: containers that behave, without an engine."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from hershy.builds.builder import Builder
from hershy.core.adapter import AdapterContext
from hershy.core.clock import Clock
from hershy.core.diagnosis import Requirement
from hershy.core.exits import ExitReason
from hershy.core.ids import ContainerID, ImageID, OwnerID, ProgramID, PublishPort
from hershy.errors import ContainerNotFound, ImageNotFound, PortHeld, RuntimeFailure
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.security import PROGRAM_PORT, SecurityContract
from hershy.programs.ports.runtime import (
    ContainerEvent,
    ContainerSpec,
    ContainerStats,
    ContainerStatus,
    LogLine,
    LogQuery,
    Runtime,
)
from hershy_adapters._names import container_name, image_name

from .behaviour import ProgramBehaviour
from .builder import InMemoryBuilder
from .container import SIGKILL_CODE, InMemoryContainer
from .machine import Machine
from .program import InMemoryProgram
from .usage import Usage


class InMemoryRuntime(Runtime):
    """Hosts an InMemoryProgram for every running container.

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

    def hold_port(self, port: PublishPort) -> None:
        """A stranger on this machine listens on ``port`` from now on."""
        self.machine.strangers.add(port)

    def release_port(self, port: PublishPort) -> None:
        self.machine.strangers.discard(port)

    def program(self, program_id: ProgramID) -> InMemoryProgram:
        """The running program, ready or not. Raises ContainerNotFound when it does not run."""
        program = self._running(program_id).program
        assert program is not None, "a running container has a program"
        return program

    def program_on(self, publish_port: PublishPort) -> InMemoryProgram | None:
        """What answers HTTP on this port: None until the program is ready, and once it has ended."""
        container = self.machine.on_port(publish_port)
        if container is None or not container.is_reachable or container.forwarder not in (None, self):
            return None
        return container.program

    async def create(self, spec: ContainerSpec) -> ContainerID:
        self.machine.require_up()
        if not self._has_image(spec.image_id):
            raise ImageNotFound(spec.image_id)
        frozen = replace(spec, env=MappingProxyType(dict(spec.env)))
        return self.machine.add(self._owner, frozen, self._clock).id

    async def start(self, container_id: ContainerID) -> None:
        container = self.machine.get(container_id)
        behaviour = self._behaviours.get(container.spec.program_id, self._default)
        if container.is_running:
            self._forward(container)
            return
        await self._clock.sleep(behaviour.start_delay)
        self.machine.get(container_id)  # it may have been removed meanwhile
        if container.is_running:
            return
        if behaviour.port_held or not self.machine.is_port_free(container.publish_port):
            raise PortHeld(container.publish_port)
        if behaviour.fails_to_start:
            raise RuntimeFailure(f"starting {container_id}: its behaviour says fails_to_start")
        container.run(behaviour)
        self._forward(container)

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
        return [it.status() for it in candidates if it is not None and it.owner == self._owner]

    async def published_ports(self) -> Set[PublishPort]:
        self.machine.require_up()
        return {it.publish_port for it in self.machine.containers.values() if it.is_running}

    async def compose_file(self, spec: ContainerSpec) -> str:
        """JSON, which is YAML: the core needs no YAML library."""
        contract = SecurityContract()
        service: dict[str, object] = {
            "image": image_name(spec.build_id),
            "container_name": container_name(spec.program_id),
            "read_only": contract.read_only_root,
            "cap_drop": list(contract.dropped_capabilities),
            "environment": dict(spec.env),
            "volumes": [f"{spec.state_dir}:/state"],
        }
        if spec.egress is Egress.NONE:
            service["network_mode"] = "none"
        else:
            service["ports"] = [f"{contract.publish_address}:{spec.publish_port}:{PROGRAM_PORT}"]
        return json.dumps({"services": {"program": service}}, indent=2) + "\n"

    async def diagnose(self) -> Sequence[Requirement]:
        return [Requirement("runtime memory", True, "programs live in this process and end with it")]

    async def aclose(self) -> None:
        """Who forwards to containers without egress is gone with it."""
        for container in self.machine.containers.values():
            if container.forwarder is self:
                container.forwarder = None

    def _forward(self, container: InMemoryContainer) -> None:
        if container.is_running and container.spec.egress is Egress.NONE and container.forwarder is not self:
            if container.publish_port in self.machine.strangers:
                raise PortHeld(container.publish_port)
            container.forwarder = self

    def _running(self, program_id: ProgramID) -> InMemoryContainer:
        container = self.machine.of_program(program_id)
        if container is None or not container.is_running:
            raise ContainerNotFound(f"a running one of program {program_id}")
        return container


def create(context: AdapterContext) -> InMemoryRuntime:
    builder = context.peer(Builder)
    if isinstance(builder, InMemoryBuilder):
        return InMemoryRuntime(context.clock, context.owner, has_image=builder.has_image)
    return InMemoryRuntime(context.clock, context.owner)
