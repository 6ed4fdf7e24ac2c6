"""Machine: what in-memory runtimes share, as adapters for a real engine share the computer they run on."""

import itertools

from hershy.domain.errors import AlreadyExists, ContainerNotFound, EngineUnavailable
from hershy.domain.ids import ContainerID, OwnerID, ProgramID, PublishPort
from hershy.ports.clock import Clock
from hershy.ports.runtime import ContainerSpec
from hershy_adapters._names import container_name

from .container import InMemoryContainer


class Machine:
    """Containers of every owner, and the ports that strangers hold. It outlives the runtimes that use it.

    While ``is_down`` no runtime is answered; what runs goes on.
    """

    def __init__(self) -> None:
        self.containers: dict[ContainerID, InMemoryContainer] = {}
        self.strangers: set[PublishPort] = set()
        self.is_down = False
        self._numbers = itertools.count(1)

    def require_up(self) -> None:
        if self.is_down:
            raise EngineUnavailable("the in-memory machine is down; set is_down to False")

    def add(self, owner: OwnerID, spec: ContainerSpec, clock: Clock) -> InMemoryContainer:
        if self.of_program(spec.program_id) is not None:
            raise AlreadyExists(f"container {container_name(spec.program_id)} exists already; remove it first")
        container = InMemoryContainer(ContainerID(f"memory-{next(self._numbers):06d}"), owner, spec, clock)
        self.containers[container.id] = container
        return container

    def get(self, container_id: ContainerID) -> InMemoryContainer:
        self.require_up()
        try:
            return self.containers[container_id]
        except KeyError:
            raise ContainerNotFound(container_id) from None

    def of_program(self, program_id: ProgramID) -> InMemoryContainer | None:
        return next((it for it in self.containers.values() if it.spec.program_id == program_id), None)

    def on_port(self, port: PublishPort) -> InMemoryContainer | None:
        """The running container that this port is published for."""
        return next((it for it in self.containers.values() if it.is_running and it.publish_port == port), None)

    def is_port_free(self, port: PublishPort) -> bool:
        return port not in self.strangers and self.on_port(port) is None
