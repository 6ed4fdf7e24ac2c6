"""Throws sandboxes away in the background, so that nobody waits for it, and does not give up easily."""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import suppress

import aiohttp

from hershy.core.ids import ContainerID
from hershy.core.log import get_logger
from hershy.errors import HershyError

from .._container.removal import remove_container
from .._engine import CONNECT_TIMEOUT_S, Engine
from .._errors import translated
from .container import Container

RETRIES_S = (0.2, 1.0, 5.0, 20.0)
"""An engine that is restarted, or a process that the kernel has not buried yet, takes that long at most, as a rule."""

ENDING_TIMEOUT_S = 0.5

_log = get_logger("hershy.sandbox")


class Disposal:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: set[asyncio.Task[None]] = set()

    def dispose(self, container: Container) -> None:
        self._do(self._remove(container))

    def dispose_of_made(self, making: Awaitable[Container]) -> None:
        """Of what nobody waits for any more, once it is made."""
        self._do(self._await_and_remove(making))

    def dispose_of_id(self, container_id: ContainerID) -> None:
        """Of one that nobody is attached to."""
        self._do(self._removed(container_id))

    async def settled(self) -> None:
        """Return when all that was to be disposed of is gone, or has been given up."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def give_up(self) -> None:
        """Nothing is done in the background any more."""
        for task in self._tasks:
            task.cancel()
        await self.settled()

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _await_and_remove(self, making: Awaitable[Container]) -> None:
        try:
            container = await making
        except HershyError:
            return  # failed, it has left nothing behind
        await self._remove(container)

    async def _remove(self, container: Container) -> None:
        ends_by_itself = container.ends_by_itself
        try:
            await container.detach()
            if ends_by_itself:
                await self._ended(container.id)
        finally:
            await self._removed(container.id)

    async def _ended(self, container_id: ContainerID) -> None:
        """To kill takes the engine much more work than to see something end. Code that pretends gains no more time."""
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_S, sock_read=ENDING_TIMEOUT_S)
        with suppress(HershyError), translated("waiting for the end of", container_id):
            await self._engine.client.containers.container(str(container_id)).wait(timeout=timeout)

    async def _removed(self, container_id: ContainerID) -> None:
        for pause_s in (*RETRIES_S, None):
            try:
                await remove_container(self._engine, container_id)
                return
            except HershyError as error:
                if pause_s is None:
                    _log.warning("sandbox left behind", container_id=str(container_id), error=str(error))
                else:
                    await asyncio.sleep(pause_s)
