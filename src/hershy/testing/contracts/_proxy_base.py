"""What the tests of the Proxy contract are made of: requests, fixtures, steps."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from hershy.core.endpoint import Endpoint
from hershy.core.ids import ProgramID
from hershy.programs.ports.proxy import (
    Header,
    Proxy,
    ProxyRequest,
    ProxyResponse,
    ProxyRoute,
    ProxyWebSocket,
    WebSocketClosed,
)

from .proxy_program import ContractProgram

PROGRAM = ProgramID("contract-build-0123456789ab-00000001")
OTHER = ProgramID("contract-build-0123456789ab-00000002")
PATIENCE = timedelta(seconds=5)
A_MOMENT = timedelta(milliseconds=5)


def get(target: str, *headers: Header, method: str = "GET") -> ProxyRequest:
    return ProxyRequest(method, target, headers)


async def read(response: ProxyResponse) -> bytes:
    return b"".join([chunk async for chunk in response.body])


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def lower(headers: Sequence[Header]) -> list[Header]:
    return [(name.lower(), value) for name, value in headers]


def route_of(proxy: Proxy) -> ProxyRoute:
    route = proxy.route(PROGRAM)
    assert route is not None
    return route


def require_idle(proxy: Proxy) -> None:
    assert route_of(proxy).active == 0


async def receive(socket: ProxyWebSocket) -> str | bytes | WebSocketClosed:
    async with asyncio.timeout(PATIENCE.total_seconds()):
        return await socket.receive()


@pytest.mark.asyncio
class ProxyContractBase:
    """Subclass it and give it four fixtures, asynchronous ones.

    ``clock``: the one that the adapter under test was given.
    ``proxy``: that adapter, with a deadline for answers of at most a second, closed afterwards.
    ``endpoint``: where the fixture ``program`` is served from before the test until after it; see
    ContractProgram for what serving it means.
    ``dead_endpoints``: ports on which no HTTP exchange can complete, one for each way the adapter knows of.
    """

    @pytest.fixture
    def program(self) -> ContractProgram:
        return ContractProgram()

    @pytest.fixture
    async def routed(self, proxy: Proxy, endpoint: Endpoint) -> Proxy:
        await proxy.open(PROGRAM, endpoint)
        return proxy
