"""Containers without egress: started, and reached by a forwarder of our own, since the engine publishes nothing."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import WeakValueDictionary

from hershy.core.ids import ContainerID, PublishPort
from hershy.errors import HershyError, RuntimeFailure
from hershy.programs.domain.security import PROGRAM_PORT

from .._engine import Engine
from .._errors import translated
from .forwarder import Forwarder, listen
from .process_network import ProcessNetwork

Account = dict[str, Any]
Inspect = Callable[[ContainerID], Awaitable[Account]]


class Forwarding:
    """Each forwarder lives from the start of its container, or from being found running, to the end of its process."""

    def __init__(self, engine: Engine, inspect: Inspect) -> None:
        self._engine = engine
        self._inspect = inspect
        self._open: dict[ContainerID, tuple[Forwarder, ProcessNetwork]] = {}
        self._locks: WeakValueDictionary[ContainerID, asyncio.Lock] = WeakValueDictionary()

    async def start(self, container_id: ContainerID, account: Account, port: PublishPort) -> None:
        """As the port's ``start``; ``account`` is an inspection of the container."""
        lock = self._locks.setdefault(container_id, asyncio.Lock())
        async with lock:
            if container_id in self._open:
                return
            # The listener first: it is the attempt that shows whether the port is free.
            listener = listen(port)
            try:
                network = await self._started(container_id, was_running=bool(account["State"].get("Running")))
            except BaseException:
                listener.close()
                raise
            if network is None:
                listener.close()
            else:
                self._forward(container_id, listener, network)

    def end(self, container_id: ContainerID) -> None:
        """Give up the port; idempotent."""
        forwarder, network = self._open.pop(container_id, (None, None))
        if forwarder is not None and network is not None:
            forwarder.close()
            network.close()

    async def aclose(self) -> None:
        """Idempotent."""
        forwarders = [forwarder for forwarder, _ in self._open.values()]
        for container_id in list(self._open):
            self.end(container_id)
        await asyncio.gather(*(forwarder.aclose() for forwarder in forwarders))

    async def _started(self, container_id: ContainerID, *, was_running: bool) -> ProcessNetwork | None:
        """None when its process has ended already."""
        container = self._engine.client.containers.container(str(container_id))
        if not was_running:
            with translated("starting", container_id):
                await container.start()
        account = await self._inspect(container_id)
        try:
            return ProcessNetwork(container_id, account["State"]["Pid"]) if account["State"].get("Running") else None
        except ProcessLookupError:
            return None
        except (HershyError, OSError) as error:
            if not was_running:
                with suppress(HershyError), translated("stopping", container_id):
                    await container.kill()
            if isinstance(error, OSError):
                raise RuntimeFailure(f"starting {container_id}: its network cannot be entered: {error}") from error
            raise

    def _forward(self, container_id: ContainerID, listener: socket.socket, network: ProcessNetwork) -> None:
        forwarder = Forwarder(listener, lambda: network.connect(PROGRAM_PORT))
        self._open[container_id] = forwarder, network
        network.on_end(lambda: self.end(container_id))
        forwarder.start()
