"""Fault doubles of the Proxy port."""

from collections.abc import Sequence
from datetime import timedelta

from hershy.core.clock import Clock
from hershy.core.endpoint import Endpoint
from hershy.core.ids import ProgramID
from hershy.errors import HershyError, ProgramUnreachable
from hershy.programs.ports.proxy import Header, Proxy, ProxyRequest, ProxyResponse, ProxyRoute, ProxyWebSocket


class _WrappedProxy(Proxy):
    """Hands everything to ``inner``."""

    def __init__(self, inner: Proxy) -> None:
        self.inner = inner

    async def open(self, program_id: ProgramID, endpoint: Endpoint) -> None:
        await self.inner.open(program_id, endpoint)

    async def close(self, program_id: ProgramID) -> None:
        await self.inner.close(program_id)

    def route(self, program_id: ProgramID) -> ProxyRoute | None:
        return self.inner.route(program_id)

    async def probe(self, endpoint: Endpoint, timeout: timedelta, path: str | None = None) -> bool:
        return await self.inner.probe(endpoint, timeout, path)

    async def request(self, program_id: ProgramID, request: ProxyRequest) -> ProxyResponse:
        return await self.inner.request(program_id, request)

    async def connect_websocket(
        self, program_id: ProgramID, target: str, headers: Sequence[Header], subprotocols: Sequence[str]
    ) -> ProxyWebSocket:
        return await self.inner.connect_websocket(program_id, target, headers, subprotocols)

    async def aclose(self) -> None:
        await self.inner.aclose()


class FailingProxy(_WrappedProxy):
    """Programs become Ready; every request and WebSocket to them raises ``error``, ProgramUnreachable by default."""

    def __init__(self, inner: Proxy, error: HershyError | None = None) -> None:
        super().__init__(inner)
        self._error = error or ProgramUnreachable("a fault double fails on purpose")

    async def request(self, program_id: ProgramID, request: ProxyRequest) -> ProxyResponse:
        raise self._error

    async def connect_websocket(
        self, program_id: ProgramID, target: str, headers: Sequence[Header], subprotocols: Sequence[str]
    ) -> ProxyWebSocket:
        raise self._error


class SlowProxy(_WrappedProxy):
    """Lets ``delay`` pass on ``clock`` before each request and WebSocket."""

    def __init__(self, inner: Proxy, clock: Clock, delay: timedelta) -> None:
        super().__init__(inner)
        self._clock = clock
        self._delay = delay

    async def request(self, program_id: ProgramID, request: ProxyRequest) -> ProxyResponse:
        await self._clock.sleep(self._delay)
        return await self.inner.request(program_id, request)

    async def connect_websocket(
        self, program_id: ProgramID, target: str, headers: Sequence[Header], subprotocols: Sequence[str]
    ) -> ProxyWebSocket:
        await self._clock.sleep(self._delay)
        return await self.inner.connect_websocket(program_id, target, headers, subprotocols)


class NeverReadyProxy(_WrappedProxy):
    """No probe ever completes, so programs stay Running until their readiness deadline."""

    async def probe(self, endpoint: Endpoint, timeout: timedelta, path: str | None = None) -> bool:
        return False
