"""LoopbackProxy: HTTP and WebSocket to programs' endpoints, which are ports of 127.0.0.1 under local runtimes."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import aiohttp

from hershy.core.adapter import AdapterContext
from hershy.core.clock import Clock
from hershy.core.endpoint import Endpoint
from hershy.core.ids import ProgramID
from hershy.errors import ProgramUnreachable
from hershy.programs.ports.proxy import Header, Proxy, ProxyRequest, ProxyResponse, ProxyRoute, ProxyWebSocket
from hershy_adapters._http_rules import end_to_end, require_sendable, to_program
from hershy_adapters._proxy_routes import HEALTHY, Cuttable, Exchange, Routes

from ._body import StreamedBody
from ._errors import CLIENT_ERRORS, in_time
from ._sending import Patience, as_sent, upload_of
from ._sessions import Sessions, url_of
from ._websocket import CLOSING_TIMEOUT_S, MAX_MESSAGE_BYTES, LoopbackWebSocket

DEFAULT_TIMEOUT_S = 60.0
PROBE_TARGET = "/watcher/status"
PROBE_MAX_BYTES = 1024 * 1024
_SWITCHING_PROTOCOLS = 101


def create(context: AdapterContext) -> Proxy:
    return LoopbackProxy(context.clock, context.option("proxy_timeout_s", DEFAULT_TIMEOUT_S))


class LoopbackProxy(Proxy):
    """``timeout_s``: how long a program may take to begin its answer; WebSockets and bodies have no deadline.

    A request without a body whose method is idempotent is sent once more when its connection broke before the
    answer began, since a kept connection may have been closed by the program at that moment. Others are not.
    Header bytes above 0x7F are sent as UTF-8: unchanged if they were, else as of their Latin-1 reading.
    Methods are sent in upper case.
    """

    def __init__(self, clock: Clock, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._routes = Routes(clock)
        self._opened: Sessions | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self, program_id: ProgramID, endpoint: Endpoint) -> None:
        self._routes.open(program_id, endpoint)

    async def close(self, program_id: ProgramID) -> None:
        self._routes.close(program_id)

    def route(self, program_id: ProgramID) -> ProxyRoute | None:
        return self._routes.show(program_id)

    async def probe(self, endpoint: Endpoint, timeout: timedelta, path: str | None = None) -> bool:
        headers = {"Host": endpoint.authority}
        target = PROBE_TARGET if path is None else path
        try:
            require_sendable("GET", target, ())
            async with (
                asyncio.timeout(timeout.total_seconds()),
                self._sessions.probe.get(url_of(endpoint, target), headers=headers, allow_redirects=False) as response,
            ):
                if path is not None:
                    return response.status in HEALTHY
                await _read_up_to(response, PROBE_MAX_BYTES)
                return response.status != _SWITCHING_PROTOCOLS
        except (*CLIENT_ERRORS, ValueError):
            return False

    async def request(self, program_id: ProgramID, request: ProxyRequest) -> ProxyResponse:
        route = self._routes.find(program_id)
        require_sendable(request.method, request.target, request.headers)
        exchange = Exchange(route)
        try:
            response = await self._send(exchange, request)
            if response.status == _SWITCHING_PROTOCOLS:
                response.close()
                raise ProgramUnreachable(f"program {program_id} switched protocols without having been asked to")
            received = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
            if not set(_codings(received)) <= {"chunked"}:
                response.close()
                raise ProgramUnreachable(f"program {program_id} answered in a transfer coding it was not asked for")
        except BaseException:
            exchange.end()
            raise
        return ProxyResponse(response.status, end_to_end(received), StreamedBody(exchange, response))

    async def connect_websocket(
        self, program_id: ProgramID, target: str, headers: Sequence[Header], subprotocols: Sequence[str]
    ) -> ProxyWebSocket:
        route = self._routes.find(program_id)
        require_sendable("GET", target, [*headers, ("sec-websocket-protocol", ",".join(subprotocols))])
        sent = [it for it in to_program(headers, route.endpoint) if not _is_of_handshake(it)]
        exchange = Exchange(route)
        patience = Patience(self._timeout_s)
        try:
            with in_time(route, patience):
                async with Cuttable(exchange), patience.scope:
                    inner = await self._sessions.websocket.ws_connect(
                        url_of(route.endpoint, target),
                        headers=as_sent(sent),
                        protocols=tuple(subprotocols),
                        max_msg_size=MAX_MESSAGE_BYTES,
                        timeout=aiohttp.ClientWSTimeout(ws_close=CLOSING_TIMEOUT_S),
                    )
        except BaseException:
            exchange.end()
            raise
        return LoopbackWebSocket(exchange, inner, self._keep)

    async def aclose(self) -> None:
        self._routes.close_all()
        if self._closing:
            await asyncio.wait(self._closing)
        sessions, self._opened = self._opened, None
        if sessions is not None:
            await sessions.aclose()

    @property
    def _sessions(self) -> Sessions:
        if self._opened is None:
            self._opened = Sessions()
        return self._opened

    def _keep(self, closing: asyncio.Task[None]) -> None:
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _send(self, exchange: Exchange, request: ProxyRequest) -> aiohttp.ClientResponse:
        route = exchange.route
        patience = Patience(self._timeout_s)
        headers = as_sent(to_program(request.headers, route.endpoint))
        with in_time(route, patience):
            async with Cuttable(exchange), patience.scope:
                response = await self._sessions.http.request(
                    request.method,
                    url_of(route.endpoint, request.target),
                    headers=headers,
                    data=upload_of(request, headers, patience),
                    allow_redirects=False,
                )
        patience.answered()
        return response


def _codings(headers: Sequence[Header]) -> list[str]:
    return [value.strip().lower() for name, value in headers if name.lower() == "transfer-encoding"]


def _is_of_handshake(header: Header) -> bool:
    return header[0].lower().startswith("sec-websocket-")


async def _read_up_to(response: aiohttp.ClientResponse, most: int) -> None:
    total = 0
    async for chunk in response.content.iter_any():
        total += len(chunk)
        if total > most:
            return
