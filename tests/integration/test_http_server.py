"""UvicornApiServer: the Host API and the way to programs over real sockets."""

import asyncio
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Any

import aiohttp
import httpx
import pytest

from hershy.builds.spec import BuildSpec
from hershy.client import AsyncClient, StateEvent
from hershy.core.ids import UserID
from hershy.errors import ConfigurationError
from hershy.programs.application.host import Host
from hershy.programs.application.requests import ProgramRequest
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.api_server import ApiServer
from hershy.programs.ports.proxy import ProxyRequest, WebSocketClosed
from hershy.testing.contracts.api_server import ApiServerContract, ContractApp
from hershy.testing.twins import Twins
from hershy.wiring import open_host
from hershy_adapters.http.api_server import UvicornApiServer
from hershy_adapters.http.app import create_app


class TestUvicornApiServer(ApiServerContract):
    @pytest.fixture
    async def server(self, app: ContractApp) -> AsyncIterator[UvicornApiServer]:
        server = UvicornApiServer(app, port=0)
        yield server
        await server.aclose()

    @pytest.fixture
    async def connect(self) -> Callable[[ApiServer], httpx.AsyncClient]:
        return lambda server: httpx.AsyncClient(base_url=server.url)


@pytest.fixture
async def server(hershy_twins: Twins) -> AsyncIterator[UvicornApiServer]:
    server = UvicornApiServer(create_app(hershy_twins.host, max_body_bytes=100_000), port=0)
    await server.start()
    yield server
    await server.aclose()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "::", "example.org", ""])
async def test_only_loopback(host: str) -> None:
    """An API that authenticates nobody is not offered to the network."""
    with pytest.raises(ConfigurationError, match="loopback"):
        UvicornApiServer(ContractApp(), host)


async def test_port_in_use(server: UvicornApiServer) -> None:
    """An address in use is named, with what to do about it."""
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match=rf"127\.0\.0\.1:{port}.*http_port"):
        await UvicornApiServer(ContractApp(), port=port).start()


async def test_ipv6() -> None:
    """An IPv6 loopback address is bracketed in the URL."""
    server = UvicornApiServer(ContractApp(), "::1", 0)
    await server.start()
    assert server.url.startswith("http://[::1]:")
    await server.aclose()


async def test_signals_left_alone(server: UvicornApiServer) -> None:
    """The server installs no signal handlers of its own."""
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


async def test_exact_bytes(server: UvicornApiServer, hershy_twins: Twins) -> None:
    """Over a real connection the target and the headers reach the program as they were sent."""
    program = await hershy_twins.ready()
    seen: list[ProxyRequest] = []
    running = hershy_twins.runtime.program(program.id)
    handle = running.handle

    async def spy(request: ProxyRequest) -> Any:
        seen.append(request)
        return await handle(request)

    running.handle = spy  # type: ignore[method-assign]
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    path = f"/programs/{program.id}/proxy/a%2fB/../%zz?x=%2B&&y".encode()
    writer.write(b"PURGE " + path + b" HTTP/1.1\r\nHost: h\r\nX-Bytes: \xc3\xa4\xe9\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 404")
    assert (seen[0].method, seen[0].target) == ("PURGE", "/a%2fB/../%zz?x=%2B&&y")
    assert dict(seen[0].headers)["x-bytes"].encode("latin-1") == b"\xc3\xa4\xe9"


async def test_too_large_over_a_socket(server: UvicornApiServer) -> None:
    """413 is answered before the body has been taken."""
    async with httpx.AsyncClient(base_url=server.url) as client:
        response = await client.post("/programs", content=b" " * 100_001)
        assert (response.status_code, response.json()["code"]) == (413, 413)


async def test_websocket(server: UvicornApiServer, hershy_twins: Twins) -> None:
    """A real WebSocket passes messages, subprotocol and closing codes; refusals come as the contract's JSON."""
    program = await hershy_twins.ready()
    running = hershy_twins.runtime.program(program.id)
    running.on_websocket_message = lambda it: WebSocketClosed(4001, "bye") if it == "bye" else it
    async with aiohttp.ClientSession(server.url) as session:
        async with session.ws_connect(f"/programs/{program.id}/proxy/ws", protocols=["chat"]) as socket:
            assert socket.protocol == "chat"
            await socket.send_str("hi")
            assert (await socket.receive()).data == "hi"
            await socket.send_bytes(b"\x00")
            assert (await socket.receive()).data == b"\x00"
            await socket.send_str("bye")
            closing = await socket.receive()
            assert (closing.type, closing.data, closing.extra) == (aiohttp.WSMsgType.CLOSE, 4001, "bye")
        await _until_idle(hershy_twins, program)
        async with session.get(
            "/programs/nobody/proxy/ws",
            headers={
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            },
        ) as refused:
            assert refused.status == 404
            assert (await refused.json())["message"] == "program not found: nobody"


async def test_caller_gone(server: UvicornApiServer, hershy_twins: Twins) -> None:
    """A WebSocket caller that drops its connection frees the program's."""
    program = await hershy_twins.ready()
    async with aiohttp.ClientSession(server.url) as session:
        socket = await session.ws_connect(f"/programs/{program.id}/proxy/ws")
        assert hershy_twins.proxy.route(program.id).active == 1  # type: ignore[union-attr]
        socket._response.close()
    await _until_idle(hershy_twins, program)


async def _until_idle(twins: Twins, program: Program) -> None:
    async with asyncio.timeout(5):
        while (route := twins.proxy.route(program.id)) and route.active:  # noqa: ASYNC110 - it happens behind a socket
            await asyncio.sleep(0.01)


async def test_event_stream_disconnect(server: UvicornApiServer, hershy_twins: Twins) -> None:
    """Event streams reach a caller at once, and closing the server does not wait for them long."""
    program = await hershy_twins.create()
    async with httpx.AsyncClient(base_url=server.url) as client:
        async with client.stream("GET", f"/programs/{program.id}/events") as response:
            assert await anext(response.aiter_lines()) == "retry: 2000"
        async with client.stream("GET", "/events"), asyncio.timeout(6):
            await server.aclose()


async def test_events_through_a_server_started_anew(server: UvicornApiServer, hershy_twins: Twins) -> None:
    """Our client, cut off, comes back to the same address by itself and has missed nothing."""
    program = await hershy_twins.create()
    told: list[str] = []
    async with AsyncClient(server.url) as client, aclosing(client.events(str(program.id))) as events:
        told.append((await anext(events)).state)  # type: ignore[union-attr]
        await server.aclose()
        await hershy_twins.host.start(program.id)
        await hershy_twins.host.wait_for(program.id, ProgramState.READY)
        port = int(server.url.rpartition(":")[2])
        again = UvicornApiServer(create_app(hershy_twins.host), port=port)
        await again.start()
        await hershy_twins.host.delete(program.id)
        async with asyncio.timeout(30):
            told += [it.state if isinstance(it, StateEvent) else "gone" async for it in events]
        await again.aclose()
    assert told == ["Created", "Building", "Built", "Starting", "Running", "Ready", "Stopping", "gone"]


async def test_a_followed_program_that_is_silent(server: UvicornApiServer, hershy_twins: Twins) -> None:
    """Our client waits longer than any call may take, and gets the next line."""
    program = await hershy_twins.ready()
    async with (
        AsyncClient(server.url, timeout=timedelta(seconds=1)) as client,
        aclosing(client.follow_logs(str(program.id), tail=0)) as lines,
    ):
        following = asyncio.ensure_future(_first(lines))
        await asyncio.sleep(1.5)
        assert not following.done()
        hershy_twins.runtime.program(program.id).log("at last")
        assert await following == "at last"


async def _first(lines: AsyncGenerator[str, None]) -> str:
    return await anext(lines)


async def test_a_program_behind_both() -> None:
    """Caller, Host and program over real sockets: a megabyte goes there and back."""
    async with open_host(runtime="memory", proxy="loopback") as host:
        program, behind = await _created_behind(host)
        server = UvicornApiServer(create_app(host), port=0)
        await server.start()
        try:
            await host.start(program.id)
            await host.wait_for(program.id, ProgramState.READY)
            body = b"x" * 1_000_000
            async with httpx.AsyncClient(base_url=server.url) as client:
                response = await client.post(f"/programs/{program.id}/proxy/echo", content=body)
            assert (response.status_code, response.content) == (200, body)
        finally:
            await server.aclose()
            await host.delete(program.id)
            await behind.aclose()


async def _created_behind(host: Host) -> tuple[Program, UvicornApiServer]:
    """A program, and what shall answer on its port: the first one whose port nobody else on this machine holds."""
    for _ in range(100):
        program = await _created(host)
        behind = UvicornApiServer(ContractApp(), port=program.publish_port.value)
        with suppress(ConfigurationError):
            await behind.start()
            return program, behind
    raise AssertionError("a hundred ports are held")


async def _created(host: Host) -> Program:
    return await host.create(ProgramRequest(UserID("alice"), BuildSpec("FROM scratch")))
