"""LoopbackProxy against real servers on 127.0.0.1."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from hershy.core.endpoint import Endpoint
from hershy.core.ids import FIRST_PUBLISH_PORT, LAST_PUBLISH_PORT, PublishPort
from hershy.errors import ProgramUnreachable
from hershy.programs.ports.proxy import ProxyRequest, WebSocketClosed
from hershy.testing.contracts.proxy import PROGRAM, ProxyContract, chunks, get, read
from hershy.testing.contracts.proxy_program import LONG, ContractProgram
from hershy_adapters.loopback.proxy import LoopbackProxy
from hershy_adapters.system.clock import SystemClock

ANSWER_TIMEOUT_S = 0.3


def listening_socket() -> tuple[socket.socket, Endpoint]:
    for port in range(LAST_PUBLISH_PORT, FIRST_PUBLISH_PORT, -1):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError:
            listener.close()
        else:
            return listener, PublishPort(port).endpoint
    raise RuntimeError("no free publish port on this machine")


@contextlib.asynccontextmanager
async def raw_server(answer: bytes | None, *, close: bool = True) -> AsyncIterator[Endpoint]:
    """Reads a request's first bytes, writes ``answer``, and closes or falls silent; None: closes at once."""
    over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            if answer is not None:
                await reader.read(1024)
                writer.write(answer)
                await writer.drain()
            if not close:
                await over.wait()
        writer.close()

    listener, port = listening_socket()
    server = await asyncio.start_server(talk, sock=listener)
    try:
        yield port
    finally:
        over.set()
        server.close()


@contextlib.asynccontextmanager
async def served(program: ContractProgram) -> AsyncIterator[Endpoint]:
    async def handle(request: web.Request) -> web.StreamResponse:
        target = request.raw_path
        if request.headers.get("Upgrade", "").lower() == "websocket" and program.accept(target):
            return await converse(request)
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers)
        answer = await program.handle(ProxyRequest(request.method, target, headers, request.content.iter_any()))
        response = web.StreamResponse(status=answer.status)
        for name, value in answer.headers:
            response.headers.add(name, value)
        await response.prepare(request)
        try:
            async for chunk in answer.body:
                await response.write(chunk)
        except Exception:
            assert request.transport is not None
            request.transport.abort()
            raise
        await response.write_eof()
        return response

    async def converse(request: web.Request) -> web.WebSocketResponse:
        offered = [it.strip() for it in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if it]
        socket = web.WebSocketResponse(protocols=offered[:1])
        await socket.prepare(request)
        async for message in socket:
            answer = program.converse(message.data)
            if isinstance(answer, str):
                await socket.send_str(answer)
            elif isinstance(answer, bytes):
                await socket.send_bytes(answer)
            elif answer.code == 1006:
                assert request.transport is not None
                request.transport.abort()
            else:
                await socket.close(code=answer.code, message=answer.reason.encode())
        return socket

    async def handle_or_break(request: web.Request) -> web.StreamResponse:
        try:
            return await handle(request)
        except Exception:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()

    server = web.Server(handle_or_break, handler_cancellation=True)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    listener, port = listening_socket()
    await web.SockSite(runner, listener).start()
    try:
        yield port
    finally:
        await runner.cleanup()


@pytest.fixture
async def proxy() -> AsyncIterator[LoopbackProxy]:
    proxy = LoopbackProxy(SystemClock(), ANSWER_TIMEOUT_S)
    yield proxy
    await proxy.aclose()


class TestLoopbackProxy(ProxyContract):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()

    @pytest.fixture
    async def proxy(self, clock: SystemClock) -> AsyncIterator[LoopbackProxy]:
        proxy = LoopbackProxy(clock, ANSWER_TIMEOUT_S)
        yield proxy
        await proxy.aclose()

    @pytest.fixture
    async def endpoint(self, program: ContractProgram) -> AsyncIterator[Endpoint]:
        async with served(program) as port:
            yield port

    @pytest.fixture
    async def dead_endpoints(self) -> AsyncIterator[Sequence[Endpoint]]:
        """Refused; accepted and closed; accepted and then silence; another protocol; half an answer."""
        listener, refused = listening_socket()
        listener.close()
        async with (
            raw_server(None) as closed,
            raw_server(b"", close=False) as silent,
            raw_server(b"SSH-2.0-OpenSSH_9\r\n") as other,
            raw_server(b"HTTP/1.1 200 OK\r\nContent-Le") as cut,
        ):
            yield [refused, closed, silent, other, cut]


async def test_early_answer(proxy: LoopbackProxy) -> None:
    """An answer that comes before the body has been sent is passed on, and the rest of the body given up."""
    async with raw_server(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno", close=False) as port:
        await proxy.open(PROGRAM, port)
        gate = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield LONG
            await gate.wait()
            yield LONG

        response = await proxy.request(PROGRAM, ProxyRequest("POST", "/", (), body()))
        assert response.status == 413
        assert await read(response) == b"no"
    route = proxy.route(PROGRAM)
    assert route is not None
    assert route.active == 0


async def test_slow_upload_is_no_timeout(proxy: LoopbackProxy) -> None:
    """The deadline counts from the last piece sent, so a long upload may take longer than it."""
    program = ContractProgram()

    async def body() -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(ANSWER_TIMEOUT_S / 2)
            yield b"x"

    async with served(program) as port:
        await proxy.open(PROGRAM, port)
        await read(await proxy.request(PROGRAM, ProxyRequest("POST", "/", (), body())))
    assert program.received[-1].body == b"xxxx"


async def test_unasked_switch_of_protocols(proxy: LoopbackProxy) -> None:
    """A program that switches protocols by itself is unreachable, and not ready."""
    async with raw_server(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", close=False) as port:
        assert await proxy.probe(port, timedelta(seconds=0.3)) is False
        await proxy.open(PROGRAM, port)
        with pytest.raises(ProgramUnreachable):
            await proxy.request(PROGRAM, get("/"))


async def test_unfinished_body_is_no_exchange(proxy: LoopbackProxy) -> None:
    """Headers alone complete nothing."""
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") as port:
        assert await proxy.probe(port, timedelta(seconds=0.3)) is False


async def test_idempotent_request_outlives_a_stale_connection(proxy: LoopbackProxy) -> None:
    """A GET is sent again when the program has closed the kept connection; a POST is not."""
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read(1)  # the second request on this connection gets no answer
        writer.close()

    listener, port = listening_socket()
    server = await asyncio.start_server(talk, sock=listener)
    await proxy.open(PROGRAM, port)
    for _ in range(2):
        assert await read(await proxy.request(PROGRAM, get("/"))) == b""
    assert len(seen) == 2
    server.close()


async def test_refused_probe_is_quick(proxy: LoopbackProxy) -> None:
    """A refused port is known at once; the loop that probes must not wait for its timeout."""
    listener, port = listening_socket()
    listener.close()
    loop = asyncio.get_running_loop()
    await proxy.probe(port, timedelta(seconds=5))
    began = loop.time()
    assert await proxy.probe(port, timedelta(seconds=5)) is False
    assert loop.time() - began < 0.1


async def test_long_headers_and_many_cookies(proxy: LoopbackProxy) -> None:
    """Headers of tens of KiB pass."""
    head = b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 32_000 + b"\r\nContent-Length: 0\r\n\r\n"
    async with raw_server(head) as port:
        await proxy.open(PROGRAM, port)
        response = await proxy.request(PROGRAM, get("/"))
        assert len(dict(response.headers)["X-Long"]) == 32_000
        await response.body.aclose()


async def test_too_long_websocket_message(proxy: LoopbackProxy) -> None:
    """A message beyond the bound closes the WebSocket with 1009 instead of filling memory."""

    async def handle(request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        with contextlib.suppress(aiohttp.ClientError, OSError):
            await socket.send_bytes(bytes(17 * 1024 * 1024))
            await socket.receive()
        return socket

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    listener, port = listening_socket()
    await web.SockSite(runner, listener).start()
    await proxy.open(PROGRAM, port)
    socket = await proxy.connect_websocket(PROGRAM, "/", (), ())
    closed = await socket.receive()
    assert isinstance(closed, WebSocketClosed)
    assert closed.code == 1009
    await socket.aclose()
    await runner.cleanup()


async def test_body_is_not_sent_twice(proxy: LoopbackProxy) -> None:
    """A PUT whose connection broke is not repeated: its body may have been consumed."""
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    listener, port = listening_socket()
    server = await asyncio.start_server(talk, sock=listener)
    await proxy.open(PROGRAM, port)
    with pytest.raises(ProgramUnreachable):
        await proxy.request(PROGRAM, ProxyRequest("PUT", "/", (("Content-Length", "3"),), chunks(b"abc")))
    assert connections == 1
    server.close()
