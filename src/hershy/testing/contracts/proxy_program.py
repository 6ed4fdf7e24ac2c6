"""The program on the other side of a proxy under test."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from hershy.errors import ProgramUnreachable
from hershy.programs.ports.proxy import Header, ProxyRequest, ProxyResponse, WebSocketClosed

LONG = bytes(range(256)) * 256


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it reached the program."""

    method: str
    target: str
    headers: tuple[Header, ...]
    body: bytes


class ContractProgram:
    """Serving it means: every HTTP request is passed to ``handle`` and answered by what that returns.

    An exception from ``handle`` or from the body of its answer breaks the connection off; a caller that goes away
    cancels ``handle``. A WebSocket handshake is passed to ``accept``; when that returns True it is accepted, with
    the first subprotocol offered, and ``converse`` answers each message: with a message, or by closing (1006:
    without a closing frame). ``status`` is what probes get; None for no answer at all.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.status: int | None = 200
        self.gate = asyncio.Event()
        self.first_chunk_seen = asyncio.Event()
        self.never_began = asyncio.Event()
        self.never_dropped = asyncio.Event()

    async def handle(self, request: ProxyRequest) -> ProxyResponse:
        body = await self._read(request)
        received = Received(request.method, request.target, tuple(request.headers), body)
        self.received.append(received)
        match request.target:
            case "/watcher/status" if self.status is None:
                await self._never()
            case "/watcher/status":
                return _whole(self.status or 200, (("Location", "/elsewhere"),), b"")
            case "/never":
                await self._never()
            case "/plain":
                content = b"" if request.method == "HEAD" else b"plain"
                return ProxyResponse(200, (("Content-Length", "5"),), _chunks(content))
            case "/echo":
                return _whole(200, (), body)
            case "/headers":
                cookies = (("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2"))
                return _whole(200, (*cookies, ("Connection", "X-Private"), ("X-Private", "1")), b"")
            case "/redirect":
                return _whole(302, (("Location", "/elsewhere"),), b"")
            case "/gzip":
                return _whole(200, (("Content-Encoding", "gzip"),), b"not really gzip")
            case "/stream":
                return ProxyResponse(200, (), self._gated())
            case "/broken":
                return ProxyResponse(200, (("Content-Length", "100"),), _breaking_off())
        return _whole(200, (), b"hello")

    def accept(self, target: str) -> bool:
        return target.startswith("/ws")

    def converse(self, message: str | bytes) -> str | bytes | WebSocketClosed:
        if message == "close 4001 bye":
            return WebSocketClosed(4001, "bye")
        if message == "vanish":
            return WebSocketClosed(1006)
        return message

    async def _read(self, request: ProxyRequest) -> bytes:
        if isinstance(request.body, bytes):
            return request.body
        body = bytearray()
        async for chunk in request.body:
            body += chunk
            self.first_chunk_seen.set()
        return bytes(body)

    async def _never(self) -> None:
        self.never_began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.never_dropped.set()

    async def _gated(self) -> AsyncGenerator[bytes, None]:
        yield b"first"
        await self.gate.wait()
        yield b"last"


async def _breaking_off() -> AsyncGenerator[bytes, None]:
    yield b"some"
    raise ProgramUnreachable("the program breaks off")


def _whole(status: int, headers: tuple[Header, ...], content: bytes) -> ProxyResponse:
    return ProxyResponse(status, (*headers, ("Content-Length", str(len(content)))), _chunks(content))


async def _chunks(content: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), 64 * 1024):
        yield content[start : start + 64 * 1024]
