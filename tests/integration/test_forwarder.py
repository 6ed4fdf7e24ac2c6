"""The forwarder of programs without egress, between real sockets of 127.0.0.1, on both event loops."""

import asyncio
import inspect
import random
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvloop

from hershy.core.ids import PublishPort
from hershy.errors import PortHeld
from hershy_adapters.docker._network import forwarder
from hershy_adapters.docker._network import splice as _splice
from hershy_adapters.docker._network.forwarder import Forwarder, listen

DEADLINE_S = 10.0
MUCH = 8 * 1024 * 1024

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Program = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def on_both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run it with asyncio's own event loop, and with the one that a Host serves on."""

    @pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
    def run(new_loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch) -> None:
        arguments = [monkeypatch] if inspect.signature(test).parameters else []
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(test(*arguments))

    run.__doc__ = test.__doc__
    return run


@asynccontextmanager
async def forwarding(
    program: Program, most: int = forwarder.MOST_CONNECTIONS
) -> AsyncIterator[Callable[[], Awaitable[Streams]]]:
    """A program behind a forwarder; gives a way to connect to it."""
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(program, "127.0.0.1", 0, backlog=1024)
    target = server.sockets[0].getsockname()

    async def connect() -> socket.socket:
        connection = socket.socket()
        connection.setblocking(False)
        await loop.sock_connect(connection, target)
        return connection

    port = free_port()
    running = Forwarder(listen(port), connect, most)
    running.start()
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield lambda: asyncio.open_connection("127.0.0.1", int(port))
    finally:
        await running.aclose()
        server.close()
        await server.wait_closed()


def free_port() -> PublishPort:
    while True:
        port = random.randrange(24_000, 28_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return PublishPort(port)


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@on_both_loops
async def test_bytes_and_ends_pass_both_ways() -> None:
    """All that is sent arrives; a side that has said all it had to say still hears the other to the end."""

    async def program(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello ")
        writer.write(b"%d bytes" % len(await reader.read()))
        await writer.drain()
        writer.close()

    async with forwarding(program) as connected:
        reader, writer = await connected()
        assert await reader.readexactly(6) == b"hello "
        writer.write(b"x" * MUCH)
        await writer.drain()
        writer.write_eof()
        assert await reader.read() == b"%d bytes" % MUCH
        writer.close()


@on_both_loops
async def test_the_slower_side_sets_the_pace() -> None:
    """While the program does not read, what the other side sends stops, instead of piling up; then all arrives."""
    may_read = asyncio.Event()
    received = 0

    async def program(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await may_read.wait()
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        while data := await reader.read(65536):
            received += len(data)
        writer.close()

    async with forwarding(program) as connected:
        reader, writer = await connected()
        writer.transport.set_write_buffer_limits(0)
        sent = 0
        with suppress(TimeoutError):
            while sent < 64 * MUCH:
                writer.write(b"x" * 65536)
                sent += 65536
                await asyncio.wait_for(writer.drain(), 1)
        assert sent < 4 * MUCH
        may_read.set()
        await writer.drain()
        writer.write_eof()
        assert await reader.read() == b""
        assert received == sent
        writer.close()


@on_both_loops
async def test_a_reset_is_passed_on() -> None:
    """Whoever breaks off, the other is told so, and not that all was said."""
    broken = asyncio.Event()

    async def program(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"half of an ans")
        await writer.drain()
        if await reader.readexactly(1) == b"b":
            reset(writer)
            return
        try:
            await reader.read()
        except ConnectionResetError:
            broken.set()
        writer.close()

    async with forwarding(program) as connected:
        reader, writer = await connected()
        await reader.readexactly(14)
        writer.write(b"b")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        reader, writer = await connected()
        await reader.readexactly(14)
        writer.write(b"c")
        await asyncio.sleep(0.05)
        reset(writer)
        await broken.wait()


@on_both_loops
async def test_connections_are_bounded_and_wait() -> None:
    """Beyond the bound a connection waits until another has ended; then it is served."""
    served = 0

    async def program(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        writer.write(b"!")
        await reader.read()
        writer.close()

    async with forwarding(program, most=2) as connected:
        first, second = await connected(), await connected()
        for reader, _ in (first, second):
            await reader.readexactly(1)
        third = await connected()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(third[0].readexactly(1), 0.3)
        assert served == 2
        first[1].close()
        assert await third[0].readexactly(1) == b"!"
        for _, writer in (second, third):
            writer.close()


@on_both_loops
async def test_many_connections() -> None:
    """Hundreds at once are served, each with its own bytes, and none is kept afterwards."""

    async def program(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readuntil(b"\n"))
        await writer.drain()
        writer.close()

    async with forwarding(program) as connected:

        async def one(number: int) -> None:
            reader, writer = await connected()
            writer.write(b"%d\n" % number)
            assert await reader.read() == b"%d\n" % number
            writer.close()

        for _ in range(3):
            await asyncio.gather(*(one(number) for number in range(200)))


@on_both_loops
async def test_a_program_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that refuses, or does not accept in time, breaks the connection off; the forwarder goes on."""
    monkeypatch.setattr(forwarder, "CONNECT_TIMEOUT_S", 0.2)
    outcomes: list[Callable[[], Awaitable[None]]] = [refuse, asyncio.Event().wait, refuse]  # type: ignore[list-item]

    async def connect() -> socket.socket:
        await outcomes.pop(0)()
        raise AssertionError("it does not get so far")

    port = free_port()
    running = Forwarder(listen(port), connect)
    running.start()
    try:
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
            async with asyncio.timeout(5):
                with pytest.raises(ConnectionResetError):
                    await reader.read()
            writer.close()
    finally:
        await running.aclose()


async def refuse() -> None:
    raise ConnectionRefusedError("nobody listens")


@on_both_loops
async def test_half_a_connection_does_not_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that goes on after its caller has ended is given up after a time: the caller may have gone."""
    monkeypatch.setattr(_splice, "HALF_CLOSED_S", 0.2)
    given_up = asyncio.Event()

    async def program(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""
        try:
            while True:
                writer.write(b"still here")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            given_up.set()
        writer.close()

    async with forwarding(program) as connected:
        _, writer = await connected()
        writer.write_eof()
        await given_up.wait()
        writer.close()


@on_both_loops
async def test_closing_gives_up_the_port_and_every_connection() -> None:
    """Connections under way are reset, later ones refused, and the port can be taken again at once."""
    idle = asyncio.Event()

    async def program(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        idle.set()
        try:
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(program, "127.0.0.1", 0)

    async def connect() -> socket.socket:
        connection = socket.socket()
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, server.sockets[0].getsockname())
        return connection

    port = free_port()
    running = Forwarder(listen(port), connect)
    running.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    await idle.wait()
    with pytest.raises(PortHeld):
        listen(port)
    await running.aclose()
    await running.aclose()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", int(port))
    listen(port).close()
    server.close()
    await server.wait_closed()
