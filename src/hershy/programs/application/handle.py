"""ProgramHandle: one program of a Host, to talk to and to wait for."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from hershy.core.ids import ProgramID
from hershy.errors import ProgramUnreachable
from hershy.programs.domain.answers import MAX_ANSWER_BYTES, MessageReceipt, ProgramAnswer
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.proxy import ProxyRequest, ProxyResponse
from hershy.programs.ports.runtime import LogQuery

if TYPE_CHECKING:
    from .host import Host

PATIENCE = timedelta(minutes=15)


class ProgramHandle:
    """A program of an open Host. The client's handles have the same names. Every method raises ProgramNotFound once
    the program is deleted, and what the Host's method of that name raises.

    ``info``, and ``state`` and ``url`` with it, are as of the latest look: the handle's making, ``refresh`` and
    ``wait_for``, and whatever has changed the program through this handle.
    """

    def __init__(self, host: "Host", program: Program) -> None:
        self._host = host
        self.info = program

    @property
    def id(self) -> ProgramID:
        return self.info.id

    @property
    def state(self) -> ProgramState:
        return self.info.state

    @property
    def url(self) -> str:
        """Where the program is found from this machine, while it is Ready."""
        return self.info.proxy_url

    def __repr__(self) -> str:
        return f"<program {self.id}, {self.state}>"

    async def refresh(self) -> Program:
        """Look at the program anew."""
        self.info = await self._host.get(self.id)
        return self.info

    async def start(self) -> None:
        """Begin to build and start, as ``Host.start``."""
        await self._host.start(self.id)
        await self.refresh()

    async def stop(self) -> None:
        """Begin to stop, as ``Host.stop``."""
        self.info = await self._host.stop(self.id)

    async def restart(self) -> None:
        """Begin to replace the container, as ``Host.restart``."""
        self.info = await self._host.restart(self.id)

    async def delete(self) -> None:
        """Remove the program with all it has, as ``Host.delete``; returns once all is gone."""
        await self._host.delete(self.id)

    async def wait_for(self, *states: ProgramState | str, timeout: timedelta = PATIENCE) -> Program:
        """Wait until the program is in one of ``states``, as ``Host.wait_for``."""
        self.info = await self._host.wait_for(self.id, *states, timeout=timeout)
        return self.info

    async def message(self, text: str) -> MessageReceipt:
        """Send a message to the program's Watcher, as ``Host.message``. Printed, it is what the program says."""
        return MessageReceipt.read(await self._host.message(self.id, text))

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> ProgramAnswer:
        """Send an HTTP request to the program and return its whole answer, whatever its status.

        Raises ProgramUnreachable for an answer larger than 64 MiB; ``Host.request`` streams.
        """
        sent = list((headers or {}).items())
        if content is not None:
            sent.append(("content-length", str(len(content))))
        target = "/" + path.removeprefix("/") + (f"?{urlencode(params)}" if params else "")
        response = await self._host.request(self.id, ProxyRequest(method, target, sent, content or b""))
        names = tuple((name.lower(), value) for name, value in response.headers)
        return ProgramAnswer(response.status, names, await self._whole(response))

    async def logs(self, *, tail: int = 200) -> str:
        """The last ``tail`` lines of the program's output."""
        return (await self._host.logs(self.id, LogQuery(tail=tail))).text

    async def follow_logs(self, *, tail: int = 200) -> AsyncGenerator[str, None]:
        """Yield the last lines, and each that follows, until the container ends."""
        async with aclosing(self._host.follow_logs(self.id, LogQuery(tail=tail))) as lines:
            async for line in lines:
                yield line.text

    async def _whole(self, response: ProxyResponse) -> bytes:
        body = bytearray()
        async with aclosing(response.body) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise ProgramUnreachable(f"program {self.id}: its answer is longer than {MAX_ANSWER_BYTES} bytes")
        return bytes(body)
