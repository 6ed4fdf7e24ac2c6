"""Logs and event streams."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hershy.domain.errors import EngineUnavailable
from hershy.domain.ids import ProgramID
from hershy.domain.program import Program
from hershy.ports.event_bus import EventsLost
from hershy.ports.runtime import LogLine, LogQuery, LogStream
from hershy.testing.twins import Twins
from hershy_adapters.http._live import with_keep_alive
from hershy_adapters.memory.asgi import AsgiTransport

PATIENCE_S = 10


class Events:
    """Reads server-sent events one by one."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str | None, str, dict[str, Any]]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            while line := await anext(self._lines):
                name, _, value = line.partition(": ")
                fields[name] = value
        return fields.get("id"), fields["event"], json.loads(fields["data"])


def talk(twins: Twins, program: Program) -> None:
    running = twins.runtime.program(program.id)
    running.log("out", LogStream.STDOUT)
    running.log("err", LogStream.STDERR)
    running.log("lone \ud800", LogStream.STDOUT)


async def test_logs(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """The present container's output, as text; one stream of it, or its last lines."""
    program = await hershy_twins.ready()
    talk(hershy_twins, program)
    body = (await client.get(f"/programs/{program.id}/logs")).json()
    assert set(body) == {"program_id", "container_id", "logs", "timestamp"}
    assert body["container_id"]
    assert body["logs"] == "program started\nout\nerr\nlone ?\n"

    async def logs(query: str) -> str:
        text: str = (await client.get(f"/programs/{program.id}/logs?{query}")).json()["logs"]
        return text

    assert await logs("stream=stderr") == "err\n"
    assert await logs("tail=1") == "lone ?\n"
    assert await logs("tail=0") == ""


async def test_build_log(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """A build's output belongs to no container."""
    program = await hershy_twins.ready()
    body = (await client.get(f"/programs/{program.id}/logs?stream=build")).json()
    assert body["container_id"] is None
    assert "FROM scratch" in body["logs"]


async def test_follow(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Lines come as they are written, as plain text, and end with the container."""
    program = await hershy_twins.ready()
    async with client.stream("GET", f"/programs/{program.id}/logs?follow=true") as response:
        assert response.headers["content-type"].startswith("text/plain")
        lines = response.aiter_lines()
        assert await anext(lines) == "program started"
        hershy_twins.runtime.program(program.id).log("later")
        assert await anext(lines) == "later"
        await hershy_twins.runtime.exit(program.id, 0)
        assert [line async for line in lines] == []


async def test_follow_broken_off(
    client: httpx.AsyncClient, hershy_twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A follow that ends because the engine is lost does not look like the container's end."""
    program = await hershy_twins.ready()

    async def lost(program_id: ProgramID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        yield LogLine(hershy_twins.clock.now(), LogStream.STDOUT, "one")
        raise EngineUnavailable("gone")

    monkeypatch.setattr(hershy_twins.host, "follow_logs", lost)
    async with client.stream("GET", f"/programs/{program.id}/logs?follow=true") as response:
        with pytest.raises(httpx.RemoteProtocolError):
            await response.aread()


async def test_follow_released(client: httpx.AsyncClient, hershy_twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that goes away during silence releases what the runtime holds for it."""
    program = await hershy_twins.ready()
    released = asyncio.Event()

    async def silent(program_id: ProgramID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        try:
            yield LogLine(hershy_twins.clock.now(), LogStream.STDOUT, "one")
            await asyncio.Event().wait()
        finally:
            released.set()

    monkeypatch.setattr(hershy_twins.host, "follow_logs", silent)
    async with client.stream("GET", f"/programs/{program.id}/logs?follow=true") as response:
        assert await anext(response.aiter_lines()) == "one"
    async with asyncio.timeout(PATIENCE_S):
        await released.wait()


async def test_events_of_a_program(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """The present state first, then every change and build line in order, ending with its deletion."""
    program = await hershy_twins.create()
    async with client.stream("GET", f"/programs/{program.id}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = Events(response)
        number, name, data = await events.next()
        assert (number, name, data["state"], data["previous"]) == (None, "state", "Created", None)
        assert set(data) == {"program_id", "state", "previous", "error_msg", "at"}
        await hershy_twins.host.start(program.id)
        states, lines, numbers = [], [], []
        while "Ready" not in states:
            number, name, data = await events.next()
            numbers.append(int(number or 0))
            if name == "state":
                states.append(data["state"])
            else:
                assert name == "build"
                lines.append(data["line"])
        assert states == ["Building", "Built", "Starting", "Running", "Ready"]
        assert any("FROM scratch" in line for line in lines)
        assert numbers == sorted(numbers)
        await hershy_twins.host.delete(program.id)
        while name != "deleted":
            _, name, data = await events.next()
        assert data["program_id"] == str(program.id)
        with pytest.raises(StopAsyncIteration):
            await events.next()


async def test_events_of_all(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Every program's events, from the moment the stream is open."""
    async with client.stream("GET", "/events") as response:
        events = Events(response)
        waiting = asyncio.ensure_future(events.next())
        # The subscription begins after the headers, unseen from here; virtual time passes when all the rest waits.
        await hershy_twins.clock.sleep(timedelta(seconds=1))
        program = await hershy_twins.create(user="bob")
        _, name, data = await waiting
        assert (name, data["program_id"], data["previous"]) == ("state", str(program.id), None)


async def test_lost_events(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """A gap is told, with its size."""
    program = await hershy_twins.create()
    async with client.stream("GET", f"/programs/{program.id}/events") as response:
        events = Events(response)
        await events.next()
        hershy_twins.event_bus.publish(program.id, hershy_twins.clock.now(), EventsLost(7))
        _, name, data = await events.next()
        assert (name, data) == ("lost", {"count": 7})


async def test_subscription_released(client: httpx.AsyncClient, transport: AsgiTransport, hershy_twins: Twins) -> None:
    """A caller that goes away leaves no task behind."""
    program = await hershy_twins.create()
    async with client.stream("GET", f"/programs/{program.id}/events") as response:
        await Events(response).next()
        exchange = next(iter(transport.exchanges))
    async with asyncio.timeout(PATIENCE_S):
        await exchange


async def test_keep_alive() -> None:
    """Silence is filled with comments; events are not lost by it, and closing closes the source."""
    closed = asyncio.Event()
    gate = asyncio.Event()

    async def source() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first"
            await gate.wait()
            yield b"second"
        finally:
            closed.set()

    stream = with_keep_alive(source(), every_s=timedelta(milliseconds=1).total_seconds())
    assert await anext(stream) == b"first"
    assert await anext(stream) == b": keep-alive\n\n"
    gate.set()
    assert b"second" in await _collect(stream)
    assert closed.is_set()


async def test_keep_alive_closed_early() -> None:
    """Closing while the source is waiting closes the source too."""
    closed = asyncio.Event()

    async def source() -> AsyncGenerator[bytes, None]:
        try:
            await asyncio.Event().wait()
            yield b""
        finally:
            closed.set()

    stream = with_keep_alive(source(), every_s=0.001)
    assert (await anext(stream)).startswith(b":")
    await stream.aclose()
    assert closed.is_set()


async def _collect(stream: AsyncIterator[bytes]) -> list[bytes]:
    return [it async for it in stream]
