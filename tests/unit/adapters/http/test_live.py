"""Logs, shown and followed, and what keeps streams alive."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta

import httpx
import pytest

from hershy.core.ids import ProgramID
from hershy.errors import EngineUnavailable
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.runtime import LogLine, LogQuery, LogStream
from hershy.testing.twins import Twins
from hershy_adapters.http._calls.live import with_keep_alive

PATIENCE_S = 10
UNKNOWN = "alice-build-0123456789ab-00000000"


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


async def test_since(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Only what is not older: than a moment, or than so long ago; also followed."""
    program = await hershy_twins.ready()
    await hershy_twins.clock.sleep(timedelta(hours=2))
    hershy_twins.runtime.program(program.id).log("late")
    moment = hershy_twins.clock.now()

    async def logs(**query: str) -> str:
        response = await client.get(f"/programs/{program.id}/logs", params=query)
        text: str = response.json()["logs"] if query.get("follow") is None else response.text
        return text

    for since in ("0s", "90s", "10m", "1h30m", "0.5h", moment.isoformat(), moment.isoformat().replace("+00:00", "Z")):
        assert await logs(since=since) == "late\n", since
    for since in ("3h", "1d", "2000-01-01", "2000-01-01T00:00:00+02:00"):
        assert await logs(since=since) == "program started\nlate\n", since
    unencoded = f"/programs/{program.id}/logs?since={moment.isoformat()}"
    assert (await client.get(unencoded)).json()["logs"] == "late\n", "a '+' that became a space"
    following = asyncio.ensure_future(logs(since="1h", follow="true"))
    await hershy_twins.clock.sleep(timedelta(hours=5))
    await hershy_twins.runtime.exit(program.id, 0)
    assert await following == "late\n"


async def test_build_log(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """A build's output belongs to no container."""
    program = await hershy_twins.ready()
    body = (await client.get(f"/programs/{program.id}/logs?stream=build")).json()
    assert "container_id" not in body
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


async def test_follow_of_a_program_on_its_way(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """It waits for the container, through a build of any length."""
    program = await hershy_twins.create("FROM scratch\nRUN make")
    await hershy_twins.host.start(program.id)
    async with client.stream("GET", f"/programs/{program.id}/logs?follow=true") as response:
        assert (await hershy_twins.host.get(program.id)).state is ProgramState.BUILDING
        lines = response.aiter_lines()
        assert await anext(lines) == "program started"
        await hershy_twins.host.wait_for(program.id, ProgramState.READY)
        await hershy_twins.host.stop(program.id)
        assert [line async for line in lines] == []


async def test_follow_of_a_build(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """A build's output comes line by line and ends with the build; that of an earlier build ends at once."""
    program = await hershy_twins.create("FROM scratch\nRUN make")
    url = f"/programs/{program.id}/logs?stream=build&follow=true"
    assert (await client.get(url)).text == ""
    await hershy_twins.host.start(program.id)
    response = await client.get(url)
    assert response.headers["content-type"].startswith("text/plain")
    assert (await hershy_twins.host.get(program.id)).state is not ProgramState.BUILDING
    assert response.text == (await client.get(f"/programs/{program.id}/logs?stream=build")).json()["logs"]
    assert "RUN make" in response.text
    assert (await client.get(f"{url}&tail=0")).text == ""
    assert (await client.get(f"/programs/{UNKNOWN}/logs?stream=build&follow=true")).status_code == 404


async def test_follow_survives_silence(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Two quiet days later the next line arrives, and what is shown of the past is as asked for."""
    program = await hershy_twins.ready()
    async with client.stream("GET", f"/programs/{program.id}/logs?follow=true&tail=0") as response:
        lines = response.aiter_lines()
        waiting = asyncio.ensure_future(_line(lines))
        await hershy_twins.clock.sleep(timedelta(days=2))
        assert not waiting.done()
        hershy_twins.runtime.program(program.id).log("at last")
        assert await waiting == "at last"
        await hershy_twins.runtime.exit(program.id, 0)
        assert [line async for line in lines] == []


async def test_follow_while_the_engine_is_away(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """What a container writes cannot be followed now: 503 at once, instead of a stream that breaks off."""
    program = await hershy_twins.ready()
    hershy_twins.runtime.machine.is_down = True
    await hershy_twins.clock.sleep(timedelta(seconds=1))
    response = await client.get(f"/programs/{program.id}/logs?follow=true")
    assert (response.status_code, response.json()["code"]) == (503, 503)
    hershy_twins.runtime.machine.is_down = False


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


async def _line(lines: AsyncIterator[str]) -> str:
    return await anext(lines)


async def _collect(stream: AsyncIterator[bytes]) -> list[bytes]:
    return [it async for it in stream]
