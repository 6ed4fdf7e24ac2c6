"""InMemoryRuntime: containers that behave, without an engine, on the ports of one machine."""

from collections.abc import Set

from hershy.builds.builder import Builder
from hershy.core.adapter import AdapterContext
from hershy.core.endpoint import LOOPBACK, Endpoint
from hershy.core.ids import ContainerID, PublishPort
from hershy.errors import InvalidValue, PortHeld
from hershy.programs.domain.egress import Egress
from hershy.programs.ports.local_runtime import LocalRuntime
from hershy.programs.ports.runtime import ContainerSpec

from .behaviour import ProgramBehaviour
from .builder import InMemoryBuilder
from .cluster import InMemoryCluster
from .container import InMemoryContainer


class InMemoryRuntime(InMemoryCluster, LocalRuntime):
    """The usual one. Runtimes of one ``machine`` share its ports too."""

    def hold_port(self, port: PublishPort) -> None:
        """A stranger on this machine listens on ``port`` from now on."""
        self.machine.strangers.add(port)

    def release_port(self, port: PublishPort) -> None:
        self.machine.strangers.discard(port)

    async def create(self, spec: ContainerSpec) -> ContainerID:
        if spec.publish_port is None:
            raise InvalidValue(f"program {spec.program_id} has no publish port, by which this runtime reaches it")
        return await super().create(spec)

    async def is_port_free(self, port: PublishPort) -> bool:
        self.machine.require_up()
        return self.machine.is_port_free(port)

    async def published_ports(self) -> Set[PublishPort]:
        self.machine.require_up()
        return {it.publish_port for it in self.machine.containers.values() if it.is_running and it.publish_port}

    async def aclose(self) -> None:
        """Who forwards to containers without egress is gone with it."""
        for container in self.machine.containers.values():
            if container.forwarder is self:
                container.forwarder = None

    def _endpoint_of(self, container: InMemoryContainer) -> Endpoint:
        assert container.publish_port is not None, "none is made without"
        return container.publish_port.endpoint

    def _container_at(self, endpoint: Endpoint) -> InMemoryContainer | None:
        """Without egress it is reached only while some runtime forwards to it, which another's proxy cannot use."""
        container = self.machine.on_port(endpoint.port) if endpoint.host == LOOPBACK else None
        if container is None or (container.spec.egress is Egress.NONE and container.forwarder is not self):
            return None
        return container

    def _require_place(self, container: InMemoryContainer, behaviour: ProgramBehaviour) -> None:
        port = container.publish_port
        if port is not None and (behaviour.port_held or not self.machine.is_port_free(port)):
            raise PortHeld(port)

    def _connect(self, container: InMemoryContainer) -> None:
        if container.spec.egress is Egress.NONE and container.forwarder is not self:
            if container.publish_port in self.machine.strangers:
                raise PortHeld(container.publish_port)
            container.forwarder = self


def create(context: AdapterContext) -> InMemoryRuntime:
    builder = context.peer(Builder)
    if isinstance(builder, InMemoryBuilder):
        return InMemoryRuntime(context.clock, context.owner, has_image=builder.has_image)
    return InMemoryRuntime(context.clock, context.owner)
