"""A WebSocket to an in-memory program."""

import asyncio
from collections.abc import Callable

from hershy.errors import ProgramUnreachable
from hershy.programs.ports.proxy import ProxyWebSocket, WebSocketClosed

Reply = Callable[[str | bytes], str | bytes | WebSocketClosed]
"""What the program does with a message: answers it, or closes (1006: breaks the connection off)."""

MAX_WAITING = 1000
"""Answers held until they are received; a sender beyond that waits."""


def echo(message: str | bytes) -> str | bytes | WebSocketClosed:
    return message


class InMemoryWebSocket(ProxyWebSocket):
    def __init__(self, subprotocol: str | None, reply: Reply) -> None:
        self.subprotocol = subprotocol
        self._reply = reply
        self._answers: asyncio.Queue[str | bytes] = asyncio.Queue(MAX_WAITING)
        self._closing: asyncio.Future[WebSocketClosed] = asyncio.get_running_loop().create_future()

    async def send(self, message: str | bytes) -> None:
        if self._closing.done():
            raise ProgramUnreachable("the WebSocket is closed")
        answer = self._reply(message)
        if isinstance(answer, WebSocketClosed):
            self._closing.set_result(answer)
        else:
            await self._answers.put(answer)

    async def receive(self) -> str | bytes | WebSocketClosed:
        if self._answers.empty():
            answer = asyncio.ensure_future(self._answers.get())
            waiting: set[asyncio.Future[str | bytes] | asyncio.Future[WebSocketClosed]] = {answer, self._closing}
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                return answer.result() if answer.done() else self._closing.result()
            finally:
                answer.cancel()
        return self._answers.get_nowait()

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        if not self._closing.done():
            self._closing.set_result(WebSocketClosed(code, reason))
