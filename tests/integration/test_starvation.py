"""Callers that are slow, silent, greedy or many don't starve the others."""

import asyncio
import json
import re
import resource
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import aiohttp
import httpx
import pytest

from hershy.testing.twins import Twins
from hershy_adapters.http._server.connection import SPARE_CONNECTIONS, Bounds
from hershy_adapters.http.api_server import UvicornApiServer
from hershy_adapters.http.app import create_app

from .host_process import HostProcess, serving

PATIENCE_S = 10
CROWD = 1_000
BOUNDS = Bounds(max_connections=8, max_head_bytes=8192, max_pipelined=4, head_deadline_s=0.4, stall_deadline_s=0.4)

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def server(hershy_twins: Twins) -> AsyncIterator[UvicornApiServer]:
    server = UvicornApiServer(create_app(hershy_twins.host), port=0, bounds=BOUNDS)
    await server.start()
    yield server
    await server.aclose()


@asynccontextmanager
async def connected(url: str, receive_buffer: int = 0) -> AsyncIterator[Connection]:
    host, port = url.removeprefix("http://").split(":")
    plain = socket.socket()
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=plain)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def require_refusal(answer: bytes, status: HTTPStatus) -> str:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()), answer[:200]
    assert re.search(rb"^connection: close\r?$", head, re.MULTILINE | re.IGNORECASE)
    refused = json.loads(body)
    assert (refused["error"], refused["code"]) == (status.phrase, status.value)
    return str(refused["message"])


async def answer_to_the_end(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE_S):
        return await reader.read()


async def until_idle(server: UvicornApiServer) -> None:
    """Wait until nothing is being answered any more."""
    assert server._server is not None
    async with asyncio.timeout(PATIENCE_S):
        while server._server.server_state.tasks:  # noqa: ASYNC110 - it happens behind a socket
            await asyncio.sleep(0.01)


async def test_silent_connection(server: UvicornApiServer) -> None:
    """A connection on which nothing is asked is closed."""
    async with connected(server.url) as (reader, _):
        assert await answer_to_the_end(reader) == b""


@pytest.mark.parametrize("before", [b"", get("/healthz")], ids=["first", "after another"])
async def test_slow_headers(server: UvicornApiServer, before: bytes) -> None:
    """Headers that come a byte at a time are refused at their deadline, on a connection in use as on a new one."""
    async with connected(server.url) as (reader, writer):
        writer.write(before)
        if before:
            await reader.readuntil(b'"ok"}')
        started = time.monotonic()
        answering = asyncio.ensure_future(answer_to_the_end(reader))
        for byte in get("/healthz?" + "x" * 100):
            if answering.done():
                break
            writer.write(bytes([byte]))
            await asyncio.wait({answering}, timeout=0.02)
        assert "0.4 s" in require_refusal(await answering, HTTPStatus.REQUEST_TIMEOUT)
        assert time.monotonic() - started < 2


async def test_empty_lines_for_ever(server: UvicornApiServer) -> None:
    """Empty lines, of which HTTP lets any number come before a request, don't keep a connection open."""
    async with connected(server.url) as (reader, writer):
        answering = asyncio.ensure_future(answer_to_the_end(reader))
        for _ in range(100):
            writer.write(b"\r\n")
            await asyncio.wait({answering}, timeout=0.02)
            if answering.done():
                break
        require_refusal(await answering, HTTPStatus.REQUEST_TIMEOUT)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 5_000 + b"\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nX: "
        + b"a" * 20_000
        + b"\r\n\r\n",
    ],
    ids=["unfinished", "one", "many", "path", "websocket"],
)
async def test_huge_headers(server: UvicornApiServer, sent: bytes) -> None:
    """More of headers than the bound is a 431, whether or not they come to an end."""
    async with connected(server.url) as (reader, writer):
        writer.write(sent)
        message = require_refusal(await answer_to_the_end(reader), HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        assert "8192 bytes" in message


@pytest.mark.parametrize(
    "sent",
    [b"nonsense\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"GET http:// HTTP/1.1\r\n\r\n"],
)
async def test_not_http(server: UvicornApiServer, sent: bytes) -> None:
    """What is not HTTP/1.1 is refused in the contract's shape too."""
    async with connected(server.url) as (reader, writer):
        writer.write(sent)
        require_refusal(await answer_to_the_end(reader), HTTPStatus.BAD_REQUEST)


async def test_too_many_connections(hershy_twins: Twins) -> None:
    """Above the bound only health is told, others that it is full; above that all are cut off; room is room again."""
    bounds = replace(BOUNDS, head_deadline_s=60)
    server = UvicornApiServer(create_app(hershy_twins.host), port=0, bounds=bounds)
    await server.start()
    try:
        await _overcrowd(server)
    finally:
        await server.aclose()


async def _overcrowd(server: UvicornApiServer) -> None:
    crowd = []
    for _ in range(BOUNDS.max_connections):
        crowd.append(connected(server.url))
        reader, writer = await crowd[-1].__aenter__()
        writer.write(get("/events"))
        assert b"200 OK" in await reader.readuntil(b"retry: 2000")
    async with connected(server.url) as (reader, writer):
        writer.write(get("/programs"))
        message = require_refusal(await answer_to_the_end(reader), HTTPStatus.SERVICE_UNAVAILABLE)
        assert message == "8 connections are open already"
    async with connected(server.url) as (reader, writer):
        writer.write(get("/healthz"))
        assert (await answer_to_the_end(reader)).startswith(b"HTTP/1.1 200 OK")
    async with aiohttp.ClientSession(server.url) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await session.ws_connect("/programs/x/proxy/ws")
    silent = [connected(server.url) for _ in range(SPARE_CONNECTIONS)]
    for it in silent:
        await it.__aenter__()
    async with connected(server.url) as (reader, _):
        assert await answer_to_the_end(reader) == b""
    for it in crowd + silent:
        await it.__aexit__(None, None, None)
    await until_idle(server)
    async with connected(server.url) as (reader, writer):
        writer.write(get("/healthz"))
        assert b"200 OK" in await reader.readuntil(b'"ok"}')


async def test_pipelining(server: UvicornApiServer) -> None:
    """Requests that wait for one before them are answered in order up to a bound; above it the connection ends."""
    async with connected(server.url) as (reader, writer):
        writer.write(get("/healthz") * 5)
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(5):
                assert b"200 OK" in await reader.readuntil(b'"ok"}')
    async with connected(server.url) as (reader, writer):
        writer.write(get("/events") + get("/healthz") * 20)
        answer = await answer_to_the_end(reader)
        assert answer.count(b"HTTP/1.1") <= 1
    await until_idle(server)


async def test_caller_gone_that_had_asked_more(server: UvicornApiServer) -> None:
    """A stream ends with its connection, also where another request waits behind it."""
    async with connected(server.url) as (reader, writer):
        writer.write(get("/events") + get("/healthz"))
        await reader.readuntil(b"retry: 2000")
    await until_idle(server)


async def test_caller_that_does_not_read(server: UvicornApiServer, hershy_twins: Twins) -> None:
    """An answer that nobody takes is given up, and what it holds of the Host with it."""
    program = await hershy_twins.ready()
    running = hershy_twins.runtime.program(program.id)
    async with connected(server.url, receive_buffer=4096) as (reader, writer):
        writer.write(get(f"/programs/{program.id}/logs?follow=true"))
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(200):
            running.log("x" * 60_000)
            await asyncio.sleep(0)
        await until_idle(server)


async def test_body_that_is_neither_asked_for_nor_ends(server: UvicornApiServer) -> None:
    """A body too large behind a call that reads none ends its stream, instead of hiding that the caller has gone."""
    async with connected(server.url) as (reader, writer):
        writer.write(b"GET /events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        await reader.readuntil(b"retry: 2000")
        chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        with pytest.raises(ConnectionError):
            await _send(writer, [chunk] * 100)
    await until_idle(server)


async def test_connections_without_a_request_give_way(hershy_twins: Twins) -> None:
    """However many connections ask nothing, or have asked, a new one is served: the longest silent one is closed."""
    bounds = replace(BOUNDS, head_deadline_s=60)
    server = UvicornApiServer(create_app(hershy_twins.host), port=0, bounds=bounds)
    await server.start()
    try:
        async with AsyncExitStack() as crowd:
            stream, writer = await crowd.enter_async_context(connected(server.url))
            writer.write(get("/events"))
            await stream.readuntil(b"retry: 2000")
            wanted = bounds.max_connections + SPARE_CONNECTIONS + 10
            silent = [await crowd.enter_async_context(connected(server.url)) for _ in range(wanted)]
            for _ in range(3):
                reader, writer = await crowd.enter_async_context(connected(server.url))
                writer.write(get("/programs"))
                assert b"200 OK" in await reader.readuntil(b"}")
            assert await answer_to_the_end(silent[0][0]) == b""
            assert not stream.at_eof()
    finally:
        await server.aclose()


async def _send(writer: asyncio.StreamWriter, chunks: list[bytes]) -> None:
    for chunk in chunks:
        writer.write(chunk)
        await writer.drain()


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CROWD + 512
    assert hard == resource.RLIM_INFINITY or hard >= wanted, f"raise the hard limit of open files to {wanted}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[HostProcess]:
    with serving("memory", tmp_path / "storage") as host:
        yield host


def memory_of(host: HostProcess) -> int:
    status = Path(f"/proc/{host.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


@pytest.mark.usefixtures("many_files")
async def test_crowd(host: HostProcess) -> None:
    """Beside a thousand idle streams and a thousand idle connections a caller is served as ever."""
    async with httpx.AsyncClient(base_url=host.url, timeout=PATIENCE_S) as client:
        created = await client.post("/programs", json={"user_id": "alice", "dockerfile": "FROM scratch"})
        path = f"/programs/{created.json()['program_id']}"
        await client.post(f"{path}/start")
        while (await client.get(path)).json()["state"] != "Ready":  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.02)
        alone = sorted([await timed(client, path) for _ in range(500)])
        before = memory_of(host)
        async with crowd_of(host, [get("/events"), get(f"{path}/logs?follow=true")], b"200 OK") as streams:
            per_stream = (memory_of(host) - before) / CROWD
            async with crowd_of(host, [get("/healthz")], b'"ok"}'):
                latencies = sorted([await timed(client, path) for _ in range(500)])
            assert (await client.post(f"{path}/restart")).status_code == 200
            async with asyncio.timeout(PATIENCE_S):
                for reader, _ in streams[::2]:
                    await reader.readuntil(b"Starting")
    # Against what the machine gives at this moment: others may be using it.
    typical, slow = latencies[250], latencies[494]
    assert typical < 0.02 + 3 * alone[250]
    assert slow < 0.05 + 5 * alone[494]
    assert per_stream < 128 * 1024


async def timed(client: httpx.AsyncClient, path: str) -> float:
    started = time.perf_counter()
    response = await client.get(path)
    assert response.status_code == 200
    return time.perf_counter() - started


@asynccontextmanager
async def crowd_of(host: HostProcess, requests: list[bytes], expected: bytes) -> AsyncIterator[list[Connection]]:
    """So many connections on which one of the requests in turn was made, and its answer has begun."""
    address, port = host.url.removeprefix("http://").split(":")
    connections: list[Connection] = []
    try:
        for index in range(CROWD):
            reader, writer = await asyncio.open_connection(address, int(port))
            connections.append((reader, writer))
            writer.write(requests[index % len(requests)])
        async with asyncio.timeout(4 * PATIENCE_S):
            for reader, _ in connections:
                await reader.readuntil(expected)
        yield connections
    finally:
        for _, writer in connections:
            writer.transport.abort()
