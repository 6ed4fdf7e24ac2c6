"""A program at a Host, for asyncio."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Unpack

from hershy.errors import HershyError, HostUnreachable, WaitTimeout
from hershy.programs.domain import patience
from hershy.programs.domain.answers import MessageReceipt, ProgramAnswer, RequestParts
from hershy.programs.domain.state import ProgramState
from hershy.wire import ProgramInfo

from ._deploying import Progress
from ._resuming import STREAM_ENDED
from ._view import ProgramView
from .waiting import Wait, WaitStep

if TYPE_CHECKING:
    from .asynchronous import AsyncClient


class AsyncProgramHandle(ProgramView):
    """A program at a Host: ``hershy.RunningProgram`` by HTTP, with the same names. Ends with its client."""

    def __init__(self, client: "AsyncClient", info: ProgramInfo) -> None:
        super().__init__(info)
        self._client = client

    async def get(self) -> ProgramInfo:
        """The program as it is now."""
        self.info = await self._client.get(self.id)
        return self.info

    async def start(self) -> None:
        """Begin to build and start, as ``AsyncClient.start``."""
        await self._client.start(self.id)
        await self.get()

    async def stop(self, timeout: timedelta = patience.STOPPING) -> ProgramInfo:
        """Stop it gracefully and return it Stopped."""
        await self._client.stop(self.id)
        return await self.wait_for(ProgramState.STOPPED, timeout=timeout)

    async def restart(self, timeout: timedelta = patience.RESTARTING) -> ProgramInfo:
        """Give it a new container of the same image and ``/state``, and return it Ready."""
        await self._client.restart(self.id)
        return await self.wait_for(ProgramState.READY, timeout=timeout)

    async def delete(self) -> None:
        """Remove the program with all it has, as ``AsyncClient.delete``; returns once all is gone."""
        await self._client.delete(self.id)

    async def wait_for(self, *states: ProgramState | str, timeout: timedelta = patience.STARTING) -> ProgramInfo:
        """Wait until the program is in one of ``states``, as ``AsyncClient.wait_for``."""
        self.info = await self._client.wait_for(self.id, states, timeout)
        return self.info

    async def message(self, text: str) -> MessageReceipt:
        """Send a message to the program's Watcher. Printed, the receipt is what the program says."""
        return await self._client.message(self.id, text)

    async def request(self, method: str, path: str, **parts: Unpack[RequestParts]) -> ProgramAnswer:
        """Send an HTTP request to the program, as ``AsyncClient.request``."""
        return await self._client.request(self.id, method, path, **parts)

    async def logs(self, *, tail: int = 200) -> str:
        """The last ``tail`` lines of the program's output."""
        return (await self._client.logs(self.id, tail=tail)).logs

    async def follow_logs(self, *, tail: int = 200) -> AsyncGenerator[str, None]:
        """Yield the last lines, and each that follows, until the container ends."""
        async with aclosing(self._client.follow_logs(self.id, tail=tail)) as lines:
            async for line in lines:
                yield line


async def start_and_wait(client: "AsyncClient", program_id: str, timeout: timedelta, progress: Progress) -> None:
    """Start a program once its events are listened to, and return once it is Ready.

    Raises ProgramFailed, WaitTimeout. Either way, and when cancelled, the program is left as it is.
    """
    wait = Wait.make(program_id, ProgramState.READY)
    try:
        async with asyncio.timeout(timeout.total_seconds()):
            if await _start_and_listen(client, wait, progress) is WaitStep.ASK_AGAIN:
                await client.wait_for(program_id, wait.states, timeout)
    except HershyError:
        raise
    except TimeoutError as error:
        raise WaitTimeout(program_id, wait.wanted, timeout.total_seconds()) from error


async def _start_and_listen(client: "AsyncClient", wait: Wait, progress: Progress) -> WaitStep:
    async with aclosing(client.events(wait.program_id)) as events:
        await anext(events)  # the present state: from here on no event is missed, so start only now
        await client.start(wait.program_id)
        async for event in events:
            progress(event)
            if (verdict := wait.judge(event)) is not WaitStep.GO_ON:
                return verdict
    raise HostUnreachable(client.url, STREAM_ENDED)
