"""The contract of ApiServer, as tests."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from hershy.programs.ports.api_server import ApiServer, Receive, Scope, Send

CLOSING_S = 10.0


class ContractApp:
    """Echoes at once; slowly, once ``gate`` is set; or begins a stream that never ends by itself."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.slow_began = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        if scope["path"] == "/slow":
            self.slow_began.set()
            await self.gate.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-method", scope["method"].encode())]})
        if scope["path"] == "/stream":
            await send({"type": "http.response.body", "body": b"first", "more_body": True})
            await asyncio.Event().wait()
        await send({"type": "http.response.body", "body": body})


@pytest.mark.asyncio
class ApiServerContract:
    """Subclass it and give it two fixtures, asynchronous ones.

    ``server``: the adapter under test, serving the fixture ``app``, not started, closed after the test.
    ``connect``: makes an ``httpx.AsyncClient`` whose base URL is a started server's.
    """

    @pytest.fixture
    def app(self) -> ContractApp:
        return ContractApp()

    async def test_serves(self, server: ApiServer, connect: Callable[[ApiServer], httpx.AsyncClient]) -> None:
        """Requests are answered as soon as start has returned."""
        await server.start()
        async with connect(server) as client:
            response = await client.post("/", content=b"hello")
        assert (response.status_code, response.headers["x-method"], response.content) == (200, "POST", b"hello")

    async def test_url(self, server: ApiServer) -> None:
        """The URL is known once started, has a scheme and no trailing slash."""
        with pytest.raises(RuntimeError):
            _ = server.url
        await server.start()
        assert server.url.startswith("http://")
        assert not server.url.endswith("/")

    async def test_start_twice(self, server: ApiServer) -> None:
        """Starting twice is the caller's error and changes nothing."""
        await server.start()
        url = server.url
        with pytest.raises(RuntimeError):
            await server.start()
        assert server.url == url

    async def test_close(self, server: ApiServer, connect: Callable[[ApiServer], httpx.AsyncClient]) -> None:
        """A closed server takes no requests; closing twice is allowed."""
        await server.start()
        await server.aclose()
        await server.aclose()
        async with connect(server) as client:
            with pytest.raises(httpx.TransportError):
                await client.get("/")

    async def test_close_unstarted(self, server: ApiServer) -> None:
        """A server that was never started can be closed."""
        await server.aclose()

    async def test_close_lets_requests_end(
        self, server: ApiServer, app: ContractApp, connect: Callable[[ApiServer], httpx.AsyncClient]
    ) -> None:
        """A request under way that ends soon gets its answer."""
        await server.start()
        async with connect(server) as client:
            slow = asyncio.ensure_future(client.get("/slow"))
            await app.slow_began.wait()
            closing = asyncio.ensure_future(server.aclose())
            await asyncio.sleep(0)
            app.gate.set()
            assert (await slow).status_code == 200
            await closing

    async def test_close_cuts_streams(
        self, server: ApiServer, connect: Callable[[ApiServer], httpx.AsyncClient]
    ) -> None:
        """A response that would go on for ever is cut after a few seconds."""
        await server.start()
        async with connect(server) as client, client.stream("GET", "/stream") as response:
            chunks = response.aiter_raw()
            assert await anext(chunks) == b"first"
            async with asyncio.timeout(CLOSING_S):
                await server.aclose()
            with pytest.raises(httpx.TransportError):
                await anext(chunks)
