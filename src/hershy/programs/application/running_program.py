"""RunningProgram: one program of a Host, without its id in every call."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Unpack
from urllib.parse import quote, urlencode

from hershy.core.ids import ProgramID
from hershy.programs.domain import patience
from hershy.programs.domain.answers import MessageReceipt, ProgramAnswer, RequestParts
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.proxy import ProxyRequest
from hershy.programs.ports.runtime import LogQuery

from .messages import whole_answer

if TYPE_CHECKING:
    from .host import Host

_OF_A_PATH = "/%?:@!$&'()*+,;="
"""What ``quote`` leaves as it is, beside letters and digits."""


class RunningProgram:
    """What ``Host.running`` gives; a client's handles have the same names. Methods raise as the Host's of that name.

    ``info``, and ``state`` and ``url`` with it, are as of the latest look: when it became Ready, and every method that
    changes the program or waits for it.
    """

    def __init__(self, host: "Host", info: Program) -> None:
        self._host = host
        self.info = info

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

    async def get(self) -> Program:
        """The program as it is now: state, URL, exit and so on."""
        self.info = await self._host.get(self.id)
        return self.info

    async def start(self) -> None:
        """Begin to build and start."""
        await self._host.start(self.id)
        await self.get()

    async def stop(self, timeout: timedelta = patience.STOPPING) -> Program:
        """Stop it gracefully and return it Stopped."""
        await self._host.stop(self.id)
        return await self.wait_for(ProgramState.STOPPED, timeout=timeout)

    async def restart(self, timeout: timedelta = patience.RESTARTING) -> Program:
        """Give it a new container of the same image and ``/state``, and return it Ready."""
        await self._host.restart(self.id)
        return await self.wait_for(ProgramState.READY, timeout=timeout)

    async def delete(self) -> None:
        """Remove it with all it has; returns once all is gone."""
        await self._host.delete(self.id)

    async def wait_for(self, *states: ProgramState | str, timeout: timedelta = patience.STARTING) -> Program:
        """Return it as soon as it is in one of ``states``. Raises ValueError for a name that is no state."""
        self.info = await self._host.wait_for(self.id, *map(ProgramState, states), timeout=timeout)
        return self.info

    async def message(self, text: str) -> MessageReceipt:
        """Send a message to the program's Watcher. Printed, the receipt is what the program says."""
        return await self._host.message(self.id, text)

    async def request(self, method: str, path: str, **parts: Unpack[RequestParts]) -> ProgramAnswer:
        """Send an HTTP request to the program's 8080 and return its whole answer, whatever its status."""
        target = "/" + quote(path.removeprefix("/"), safe=_OF_A_PATH)
        if params := parts.get("params"):
            target += ("&" if "?" in target else "?") + urlencode(params)
        sent, content = [*(parts.get("headers") or {}).items()], parts.get("content")
        if content is not None and "content-length" not in {name.lower() for name, _ in sent}:
            sent.append(("content-length", str(len(content))))
        request = ProxyRequest(method, target, sent, content or b"")
        return await whole_answer(self.id, await self._host.request(self.id, request))

    async def logs(self, *, tail: int = 200) -> str:
        """The last ``tail`` lines of its output."""
        return (await self._host.logs(self.id, LogQuery(tail=tail))).text

    async def follow_logs(self, *, tail: int = 200) -> AsyncGenerator[str, None]:
        """Yield the last lines, and each that follows, until the container ends."""
        async with aclosing(self._host.follow_logs(self.id, LogQuery(tail=tail, follow=True))) as lines:
            async for line in lines:
                yield line.text
