"""InMemoryApiServer."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from hershy.programs.ports.api_server import ApiServer, Receive, Scope, Send
from hershy.testing.contracts.api_server import ApiServerContract, ContractApp
from hershy_adapters._asgi import AsgiTransport
from hershy_adapters.http.in_process import InMemoryApiServer
from hershy_adapters.memory.clock import VirtualClock


class TestInMemoryApiServer(ApiServerContract):
    @pytest.fixture
    async def server(self, app: ContractApp) -> AsyncIterator[InMemoryApiServer]:
        server = InMemoryApiServer(app, VirtualClock())
        yield server
        await server.aclose()

    @pytest.fixture
    async def connect(self) -> Callable[[ApiServer], httpx.AsyncClient]:
        def connect(server: ApiServer) -> httpx.AsyncClient:
            assert isinstance(server, InMemoryApiServer)
            return server.client()

        return connect


async def test_application_that_fails() -> None:
    """An application that raises or returns without an answer looks like a broken connection."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/raise":
            raise ZeroDivisionError

    async with httpx.AsyncClient(transport=AsgiTransport(app), base_url="http://app") as client:
        for path in ("/raise", "/return"):
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(path)


async def test_answer_broken_off() -> None:
    """An application that returns before its answer's end breaks the answer off."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    async with httpx.AsyncClient(transport=AsgiTransport(app), base_url="http://app") as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/")


async def test_disconnect_is_seen() -> None:
    """Closing a response tells the application that the caller has gone."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not seen or seen[-1] == "http.request":
            seen.append((await receive())["type"])

    transport = AsgiTransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        async with client.stream("GET", "/"):
            exchange = next(iter(transport.exchanges))
        await exchange
    assert seen[-1] == "http.disconnect"
