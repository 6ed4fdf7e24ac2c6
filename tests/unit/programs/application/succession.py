"""Hosts that follow one another on one world of twins, in virtual time; a killed one does nothing more from then on."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from weakref import WeakSet

from dependency_injector import providers

from hershy.programs.application.host import Host
from hershy.programs.application.services import Services
from hershy.testing.faults.boundaries import WORLD, Boundaries, Boundary
from hershy.testing.twins import twin_container
from hershy_adapters.memory.builder import InMemoryBuilder
from hershy_adapters.memory.clock import VirtualClock
from hershy_adapters.memory.cluster import InMemoryCluster
from hershy_adapters.memory.event_bus import InMemoryEventBus
from hershy_adapters.memory.machine import Machine
from hershy_adapters.memory.proxy import InMemoryProxy
from hershy_adapters.memory.repository import InMemoryRepository
from hershy_adapters.memory.runtime import InMemoryRuntime
from hershy_adapters.memory.storage import InMemoryStorage

_Tasks = WeakSet[asyncio.Task[Any]]


class DurableRepository(InMemoryRepository):
    """Outlives its Hosts, as a database does."""

    durable = True


class Succession:
    """``host`` is the present one, if any; ``settings`` are for the next.

    Make it inside the loop: it tells the tasks of Hosts from the machine's.
    """

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.machine = Machine()
        self.repository = DurableRepository()
        self.storage = InMemoryStorage()
        self.builder = InMemoryBuilder(self.clock)
        self.host: Host | None = None
        self.settings: dict[str, Any] = {}
        self.runtime_class: type[InMemoryCluster] = InMemoryRuntime
        self.killed = asyncio.Event()
        self._left: int | None = None
        self._hosts: _Tasks = WeakSet()
        self._machines: _Tasks = WeakSet()
        asyncio.get_running_loop().set_task_factory(self._task)  # type: ignore[arg-type]

    async def open(self) -> Host:
        """Open the next Host. Raises CancelledError when it is killed on the way."""
        owner = await self.storage.claim()
        self.runtime = self.runtime_class(self.clock, owner, self.machine, self.builder.has_image)
        self.killed = killed = asyncio.Event()
        boundaries = Boundaries(lambda boundary: self._pass(boundary, killed))
        proxy = InMemoryProxy(self.runtime, self.clock)
        world = (self.storage, self.repository, self.builder, self.runtime, proxy)
        container = twin_container(**self.settings)
        container.owner.override(providers.Object(owner))
        container.clock.override(providers.Object(self.clock))
        container.event_bus.override(providers.Object(InMemoryEventBus()))
        for port, adapter in zip(WORLD, world, strict=True):
            getattr(container, port).override(providers.Object(boundaries.around(port, adapter)))
        self.services: Services = container.services()
        self.host = container.host()
        await self.host.open()
        return self.host

    def kill_after(self, calls: int) -> None:
        """Kill the present Host when it passes so many more sides of port calls."""
        self._left = calls

    def kill(self) -> None:
        self._left = None
        self.killed.set()

    async def bury(self) -> None:
        """End the killed Host's tasks, and those of its callers; none of its calls reaches the world any more."""
        assert self.killed.is_set()
        self.host, self._left = None, None
        survivors = {asyncio.current_task()}
        while doomed := [task for task in self._hosts if not task.done() and task not in survivors]:
            for task in doomed:
                task.cancel()
            await asyncio.wait(doomed)

    def _pass(self, boundary: Boundary, killed: asyncio.Event) -> None:
        if self._left is not None and killed is self.killed:
            self._left -= 1
            if self._left < 0:
                self.kill()
        if killed.is_set():
            raise asyncio.CancelledError(f"killed {boundary}")

    def _task(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **options: Any) -> Any:
        task = asyncio.Task(work, loop=loop, **options)
        name = getattr(work, "__qualname__", "")
        is_machines = name.startswith("InMemoryContainer.") or asyncio.current_task(loop) in self._machines
        (self._machines if is_machines else self._hosts).add(task)
        return task
