"""Machine: what in-memory runtimes share, as adapters for a real engine share the computer they run on."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hershy.core.clock import Clock
from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ContainerID, OwnerID, ProgramID, PublishPort
from hershy.errors import AlreadyExists, ContainerNotFound, EngineUnavailable
from hershy.programs.ports.runtime import ContainerEvent, ContainerEventKind, ContainerSpec
from hershy_adapters._names import container_name
from hershy_adapters._subscription import Subscription

from .container import InMemoryContainer


class Machine:
    """Containers of every owner, and the ports that strangers hold. It outlives the runtimes that use it.

    While ``is_down`` no runtime is answered; what runs goes on. Setting it breaks off every subscription.
    """

    def __init__(self) -> None:
        self.containers: dict[ContainerID, InMemoryContainer] = {}
        self.strangers: set[PublishPort] = set()
        self._by_program: dict[ProgramID, InMemoryContainer] = {}
        self._by_port: defaultdict[int, dict[ContainerID, InMemoryContainer]] = defaultdict(dict)
        self._is_down = False
        self._numbers = itertools.count(1)
        self._subscriptions: dict[Subscription, OwnerID] = {}

    @property
    def is_down(self) -> bool:
        return self._is_down

    @is_down.setter
    def is_down(self, value: bool) -> None:
        self._is_down = value
        if value:
            for subscription in self._subscriptions:
                subscription.break_off(_down())
            self._subscriptions.clear()

    def require_up(self) -> None:
        if self.is_down:
            raise _down()

    @contextmanager
    def subscribed(self, owner: OwnerID) -> Iterator[Subscription]:
        """What happens to the owner's containers, inside the context."""
        self.require_up()
        subscription = Subscription()
        self._subscriptions[subscription] = owner
        try:
            yield subscription
        finally:
            self._subscriptions.pop(subscription, None)

    def add(self, owner: OwnerID, spec: ContainerSpec, clock: Clock) -> InMemoryContainer:
        if self.of_program(spec.program_id) is not None:
            raise AlreadyExists(f"container {container_name(spec.program_id)} exists already", remedy="remove it first")
        container_id = ContainerID(f"memory-{next(self._numbers):06d}")
        container = InMemoryContainer(container_id, owner, spec, clock, self._publisher(owner))
        self.containers[container.id] = container
        self._by_program[spec.program_id] = container
        if spec.publish_port is not None:
            self._by_port[spec.publish_port.value][container.id] = container
        return container

    def remove(self, container_id: ContainerID) -> None:
        """Kill its process if need be. An absent container is no error."""
        self.require_up()
        container = self.containers.pop(container_id, None)
        if container is not None:
            del self._by_program[container.spec.program_id]
            if container.publish_port is not None:
                del self._by_port[container.publish_port.value][container_id]
            container.end(ExitReason(ExitKind.ENGINE_LOST))
            container.announce(ContainerEventKind.REMOVED)

    def get(self, container_id: ContainerID) -> InMemoryContainer:
        self.require_up()
        try:
            return self.containers[container_id]
        except KeyError:
            raise ContainerNotFound(container_id) from None

    def of_program(self, program_id: ProgramID) -> InMemoryContainer | None:
        return self._by_program.get(program_id)

    def on_port(self, port: int) -> InMemoryContainer | None:
        """The running container that this port is published for."""
        return next((it for it in self._by_port.get(port, {}).values() if it.is_running), None)

    def is_port_free(self, port: PublishPort) -> bool:
        return port not in self.strangers and self.on_port(port.value) is None

    def _publisher(self, owner: OwnerID) -> Callable[[ContainerEvent], None]:
        def publish(event: ContainerEvent) -> None:
            for subscription, subscriber in self._subscriptions.items():
                if subscriber == owner:
                    subscription.put(event)

        return publish


def _down() -> EngineUnavailable:
    return EngineUnavailable("the in-memory machine is down", remedy="set is_down to False")
