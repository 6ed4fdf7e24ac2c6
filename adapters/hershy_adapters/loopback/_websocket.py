"""A WebSocket to a program."""

import asyncio
from collections.abc import Callable

import aiohttp

from hershy.programs.ports.proxy import ProxyWebSocket, WebSocketClosed
from hershy_adapters._proxy_routes import Exchange

from ._errors import CLIENT_ERRORS, translated

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
CLOSING_TIMEOUT_S = 2.0
MAX_REASON_BYTES = 123
NO_STATUS, BROKEN, GOING_AWAY = 1005, 1006, 1001
_NEVER_SENT = frozenset({NO_STATUS, BROKEN, 1015})
"""Codes that stand for something that happened and must not be in a frame (RFC 6455, 7.4.1)."""

Spawn = Callable[[asyncio.Task[None]], None]


class LoopbackWebSocket(ProxyWebSocket):
    """Messages up to 16 MiB; a program that sends a longer one is closed with 1009. ``keep`` holds closing tasks."""

    def __init__(self, exchange: Exchange, inner: aiohttp.ClientWebSocketResponse, keep: Spawn) -> None:
        self.subprotocol = inner.protocol
        self._exchange = exchange
        self._inner = inner
        self._keep = keep
        self._closed: WebSocketClosed | None = None
        exchange.cut_by(self._cut)

    async def send(self, message: str | bytes) -> None:
        with translated(self._exchange.route):
            if isinstance(message, str):
                await self._inner.send_str(message)
            else:
                await self._inner.send_bytes(message)

    async def receive(self) -> str | bytes | WebSocketClosed:
        if self._closed is not None:
            return self._closed
        message = await self._inner.receive()
        match message.type:
            case aiohttp.WSMsgType.TEXT | aiohttp.WSMsgType.BINARY:
                data: str | bytes = message.data
                return data
            case aiohttp.WSMsgType.CLOSE:
                self._closed = WebSocketClosed(message.data or NO_STATUS, message.extra or "")
            case aiohttp.WSMsgType.ERROR if isinstance(message.data, aiohttp.WebSocketError):
                self._closed = WebSocketClosed(message.data.code, str(message.data))
            case _:
                self._closed = WebSocketClosed(BROKEN)
        self._exchange.end()
        return self._closed

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        self._exchange.end()
        await self._close(1000 if code in _NEVER_SENT else code, reason)

    def _cut(self) -> None:
        self._closed = WebSocketClosed(BROKEN)
        self._keep(asyncio.ensure_future(self._close(GOING_AWAY, "")))

    async def _close(self, code: int, reason: str) -> None:
        try:
            await self._inner.close(code=code, message=reason.encode(errors="replace")[:MAX_REASON_BYTES])
        except CLIENT_ERRORS:
            return  # it is gone, which is what was wanted
