"""InMemoryProxy: reaches the programs of an in-memory runtime without a socket."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Protocol

from hershy.core.adapter import AdapterContext
from hershy.core.clock import Clock
from hershy.core.deadline import within
from hershy.core.endpoint import Endpoint
from hershy.core.ids import ProgramID
from hershy.errors import ConfigurationError, DeadlineExceeded, ProgramTimeout, ProgramUnreachable
from hershy.programs.ports.proxy import (
    Header,
    Proxy,
    ProxyRequest,
    ProxyResponse,
    ProxyRoute,
    ProxyWebSocket,
    ResponseBody,
    WebSocketClosed,
)
from hershy.programs.ports.runtime import Runtime
from hershy_adapters._http_rules import end_to_end, require_sendable, to_program
from hershy_adapters._proxy_routes import HEALTHY, Cuttable, Exchange, Route, Routes

from .cluster import InMemoryCluster
from .program import InMemoryProgram

DEFAULT_TIMEOUT = timedelta(seconds=60)


class Programs(Protocol):
    """Where an endpoint leads: an in-memory runtime, or what a test puts in its place."""

    def program_at(self, endpoint: Endpoint) -> InMemoryProgram | None: ...


def create(context: AdapterContext) -> Proxy:
    runtime = context.peer(Runtime)
    if not isinstance(runtime, InMemoryCluster):
        raise ConfigurationError(
            f"the proxy 'memory' reaches only programs of the runtime 'memory', not of {type(runtime).__name__}",
            remedy="choose the proxy 'loopback'",
        )
    timeout_s = context.option("proxy_timeout_s", DEFAULT_TIMEOUT.total_seconds())
    return InMemoryProxy(runtime, context.clock, timedelta(seconds=timeout_s))


class InMemoryProxy(Proxy):
    """``timeout`` is how long, on ``clock``, a program may take to begin its answer.

    Hop-by-hop headers are dropped though nothing here frames messages: programs see what they would see behind
    the real proxy.
    """

    def __init__(self, programs: Programs, clock: Clock, timeout: timedelta = DEFAULT_TIMEOUT) -> None:
        self._programs = programs
        self._clock = clock
        self._timeout = timeout
        self._routes = Routes(clock)

    async def open(self, program_id: ProgramID, endpoint: Endpoint) -> None:
        self._routes.open(program_id, endpoint)

    async def close(self, program_id: ProgramID) -> None:
        self._routes.close(program_id)

    def route(self, program_id: ProgramID) -> ProxyRoute | None:
        return self._routes.show(program_id)

    async def probe(self, endpoint: Endpoint, timeout: timedelta, path: str | None = None) -> bool:
        program = self._programs.program_at(endpoint)
        if program is None:
            return False
        exchange = _completes(program) if path is None else _is_healthy(program, path)
        try:
            return await within(self._clock, timeout, "a probe", exchange)
        except Exception:  # whatever a substituted handler raises, its answer did not complete
            return False

    async def request(self, program_id: ProgramID, request: ProxyRequest) -> ProxyResponse:
        route = self._routes.find(program_id)
        require_sendable(request.method, request.target, request.headers)
        exchange = Exchange(route)
        try:
            async with Cuttable(exchange):
                response = await self._answer(route, request)
        except BaseException:
            exchange.end()
            raise
        body = _Body(exchange, response.body)
        return ProxyResponse(response.status, end_to_end(response.headers), body)

    async def connect_websocket(
        self, program_id: ProgramID, target: str, headers: Sequence[Header], subprotocols: Sequence[str]
    ) -> ProxyWebSocket:
        route = self._routes.find(program_id)
        require_sendable("GET", target, headers)
        exchange = Exchange(route)
        try:
            async with Cuttable(exchange):
                program = self._program(route)
                sent = to_program(headers, route.endpoint)
                inner = await program.connect_websocket(target, sent, tuple(subprotocols))
        except BaseException:
            exchange.end()
            raise
        return _WebSocket(exchange, inner)

    async def aclose(self) -> None:
        self._routes.close_all()

    def _program(self, route: Route) -> InMemoryProgram:
        program = self._programs.program_at(route.endpoint)
        if program is None:
            raise ProgramUnreachable(f"program {route.program_id} does not answer on {route.endpoint}")
        return program

    async def _answer(self, route: Route, request: ProxyRequest) -> ProxyResponse:
        headers = to_program(request.headers, route.endpoint)
        sent = ProxyRequest(request.method, request.target, headers, request.body)
        answering = self._program(route).handle(sent)
        try:
            return await within(self._clock, self._timeout, f"the answer of {route.program_id}", answering)
        except DeadlineExceeded as error:
            limit = f"{self._timeout.total_seconds():g} s"
            raise ProgramTimeout(f"program {route.program_id} began no answer within {limit}") from error
        except Exception as error:
            raise _broke_off(route, error) from error


class _Body(ResponseBody):
    def __init__(self, exchange: Exchange, inner: ResponseBody) -> None:
        self._exchange = exchange
        self._inner = inner

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            async with Cuttable(self._exchange):
                return await self._next()
        except BaseException:
            await self.aclose()
            raise

    async def _next(self) -> bytes:
        try:
            return await anext(self._inner)
        except StopAsyncIteration:
            raise
        except Exception as error:
            raise _broke_off(self._exchange.route, error) from error

    async def aclose(self) -> None:
        self._exchange.end()
        await self._inner.aclose()


class _WebSocket(ProxyWebSocket):
    def __init__(self, exchange: Exchange, inner: ProxyWebSocket) -> None:
        self.subprotocol = inner.subprotocol
        self._exchange = exchange
        self._inner = inner

    async def send(self, message: str | bytes) -> None:
        async with Cuttable(self._exchange):
            await self._inner.send(message)

    async def receive(self) -> str | bytes | WebSocketClosed:
        try:
            async with Cuttable(self._exchange):
                message = await self._inner.receive()
        except ProgramUnreachable:
            message = WebSocketClosed(1006)
        if isinstance(message, WebSocketClosed):
            self._exchange.end()
        return message

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        self._exchange.end()
        await self._inner.aclose(code, reason)


def _broke_off(route: Route, error: Exception) -> ProgramUnreachable:
    """What a program's handler raises looks from outside like a connection that broke."""
    return ProgramUnreachable(f"program {route.program_id} broke off: {error!r}")


async def _completes(program: InMemoryProgram) -> bool:
    response = await program.handle(ProxyRequest("GET", "/watcher/status", ()))
    try:
        async for _ in response.body:
            pass
    finally:
        await response.body.aclose()
    return True


async def _is_healthy(program: InMemoryProgram, path: str) -> bool:
    require_sendable("GET", path, ())
    response = await program.handle(ProxyRequest("GET", path, ()))
    await response.body.aclose()
    return response.status in HEALTHY
