"""The WatcherAPI over real sockets on this machine: its own thread, its limits, its end."""

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import Future
from dataclasses import dataclass
from http import HTTPStatus

import pytest

from hershy.watcher import Context, Message, Watcher
from hershy.watcher.api import connection as connection_module
from hershy.watcher.api import server as server_module
from hershy.watcher.api.routes import Answer
from hershy.watcher.api.server import ApiServer
from hershy.watcher.engine import Engine

LOCALHOST = "127.0.0.1"


@dataclass
class Served:
    port: int
    engine: Engine
    api: ApiServer

    async def ask(self, raw: bytes) -> bytes:
        """What comes back until the server closes the connection."""
        reader, writer = await asyncio.open_connection(LOCALHOST, self.port)
        writer.write(raw)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    watcher = Watcher(port=0)

    @watcher.manage("served")
    async def function(ctx: Context, message: Message | None) -> None:
        if message:
            ctx.set("last", message.content)
        if message and message.content == "block":
            time.sleep(0.3)  # blocking the loop is the point

    await watcher.start()
    engine = watcher._engine
    assert engine is not None
    api = ApiServer(engine, 0, LOCALHOST)
    port = api.start()
    yield Served(port, engine, api)
    await watcher.stop()
    await api.close()


def request(method: str, path: str, body: bytes = b"", *headers: str, close: bool = True) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: it", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, *(["Connection: close"] if close else []), "", ""]).encode() + body


def parsed(raw: bytes) -> tuple[int, object]:
    head, _, body = raw.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body) if body else None


async def test_answers_are_json_on_a_connection_that_stays(served: Served) -> None:
    """Several requests, also sent all at once, are answered in order."""
    raw = await served.ask(
        request("GET", "/watcher/vars", close=False)
        + request("POST", "/watcher/message", b'{"content": "hi"}', close=False)
        + request("GET", "/watcher/nothing")
    )
    assert re.findall(rb"HTTP/1.1 (\d+)", raw) == [b"200", b"200", b"404"]
    assert raw.count(b"Content-Type: application/json") == 3
    assert raw.endswith(b'{"error":"not found: /watcher/nothing"}')


async def test_answers_have_no_spaces_between_their_values(served: Served) -> None:
    """Shell scripts find a value by the text around it, as the Go library writes it."""
    raw = await served.ask(request("GET", "/watcher/status"))
    assert re.findall(rb'"state":"[^"]*"', raw) == [b'"state":"Ready"']
    assert b": " not in raw.partition(b"\r\n\r\n")[2]


async def test_it_answers_while_the_function_blocks_the_event_loop(served: Served) -> None:
    """From its own thread; and shows that it runs."""
    done: list[tuple[float, object]] = []

    def ask() -> None:
        time.sleep(0.05)
        began = time.monotonic()
        with socket.create_connection((LOCALHOST, served.port)) as connection:
            connection.sendall(request("GET", "/watcher/status"))
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        done.append((time.monotonic() - began, parsed(answer)[1]))

    served.engine.offer("block")
    await asyncio.to_thread(ask)
    took_s, status = done[0]
    assert isinstance(status, dict)
    assert status["state"] == "Running"
    assert took_s < 0.2


async def test_chunked_bodies_and_expectations_are_understood(served: Served) -> None:
    """As any HTTP client may send them."""
    chunked = (
        b"POST /watcher/message HTTP/1.1\r\nHost: it\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
        b'Expect: 100-continue\r\n\r\n8\r\n{"conten\r\n9\r\nt": "hi"}\r\n0\r\n\r\n'
    )
    raw = await served.ask(chunked)
    assert parsed(raw.removeprefix(b"HTTP/1.1 100 \r\n\r\n")) == (200, {"status": "message sent"})


async def test_a_head_request_has_no_body(served: Served) -> None:
    """Whatever its answer."""
    assert parsed(await served.ask(request("HEAD", "/watcher/status"))) == (405, None)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: it\r\nLong: " + b"x" * 70_000, 431),
        (b"POST /watcher/message HTTP/1.1\r\nHost: it\r\nContent-Length: ten\r\n\r\n", 400),
        (b"POST /watcher/message HTTP/1.1\r\nHost: it\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 1_200_000, 413),
    ],
)
async def test_what_breaks_the_protocol_or_a_limit_is_refused(served: Served, raw: bytes, status: int) -> None:
    """And the connection closed; the next is served."""
    answered, answer = parsed(await served.ask(raw))
    assert answered == status
    assert isinstance(answer, dict)
    assert parsed(await served.ask(request("GET", "/watcher/vars"))) == (200, {})


async def test_who_says_nothing_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a request, and in the middle of one."""
    monkeypatch.setattr(connection_module, "IDLE_LIMIT_S", 0.01)
    monkeypatch.setattr(connection_module, "BODY_LIMIT_S", 0.01)
    assert await served.ask(b"") == b""
    assert await served.ask(b"POST /watcher/message HTTP/1.1\r\nHost: it\r\nContent-Length: 5\r\n\r\n") == b""


async def test_connections_are_limited(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is told so."""
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 1)
    reader, writer = await asyncio.open_connection(LOCALHOST, served.port)
    writer.write(request("GET", "/watcher/vars", close=False))
    await reader.readuntil(b"{}")
    assert parsed(await served.ask(b"")) == (503, {"error": "1 connections are open already"})
    writer.close()
    await writer.wait_closed()


async def test_who_is_refused_a_connection_is_told_whatever_he_sends(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer given before the request was read must not be lost with the connection."""
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 1)
    reader, writer = await asyncio.open_connection(LOCALHOST, served.port)
    writer.write(request("GET", "/watcher/vars", close=False))
    await reader.readuntil(b"{}")
    for _ in range(5):
        answer = await served.ask(request("POST", "/watcher/message", b"x" * 200_000))
        assert parsed(answer)[0] == 503
    writer.close()
    await writer.wait_closed()


async def test_refusals_are_limited_too(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is one too many even for that is cut off."""
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 0)
    monkeypatch.setattr(server_module, "MOST_REFUSALS", 0)
    assert await served.ask(b"") == b""


async def test_an_answer_that_fails_is_a_500_that_says_little(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the connection goes on."""

    def fail() -> object:
        raise RuntimeError("a bug")

    monkeypatch.setitem(served.api._routes._readings, "/watcher/vars", fail)
    raw = await served.ask(request("GET", "/watcher/vars", close=False) + request("GET", "/watcher/status"))
    assert raw.startswith(b"HTTP/1.1 500 ")
    assert b"a bug" not in raw
    assert b"HTTP/1.1 200 OK" in raw


async def test_answers_under_way_are_given_before_the_end(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends the message that stops the program is told that it was taken."""
    asked, gate = Future[None](), Future[None]()

    async def answer_late(method: str, target: str, body: bytes) -> Answer:
        asked.set_result(None)
        await asyncio.wrap_future(gate)
        return HTTPStatus.OK, {"status": "message sent"}

    monkeypatch.setattr(served.api._routes, "answer", answer_late)
    asking = asyncio.create_task(served.ask(request("POST", "/watcher/message", close=False)))
    await asyncio.wrap_future(asked)
    closing = asyncio.create_task(served.api.close())
    await asyncio.wait({closing}, timeout=0.02)
    assert not closing.done()
    gate.set_result(None)
    assert parsed(await asking) == (200, {"status": "message sent"})
    await closing


async def test_closing_ends_idle_connections_and_can_be_repeated(served: Served) -> None:
    """Nothing listens afterwards."""
    reader, writer = await asyncio.open_connection(LOCALHOST, served.port)
    writer.write(request("GET", "/watcher/vars", close=False))
    await reader.readuntil(b"{}")
    await asyncio.gather(served.api.close(), served.api.close())
    await served.api.close()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    with pytest.raises(OSError, match=r"refused|Connect"):
        await asyncio.open_connection(LOCALHOST, served.port)


async def test_port_0_is_no_api() -> None:
    """Nothing listens, and no thread of it is there."""
    watcher = Watcher(port=0)

    @watcher.manage("silent")
    async def function(ctx: Context, message: Message | None) -> None: ...

    await watcher.start()
    assert "WatcherAPI" not in [thread.name for thread in threading.enumerate()]
    await watcher.stop()


async def test_a_watcher_serves_its_api_from_start_to_end() -> None:
    """On its port, and a port that is taken is said to be so before anything has begun."""
    with socket.create_server((LOCALHOST, 0)) as taken:
        port = taken.getsockname()[1]
        watcher = Watcher(port=port)

        @watcher.manage("served")
        async def function(ctx: Context, message: Message | None) -> None: ...

        with pytest.raises(OSError, match=rf"{port}.*Watcher\(port=\.\.\.\)"):
            await watcher.start()
        assert watcher.state == "NotRun"
    await watcher.start()
    reader, writer = await asyncio.open_connection(LOCALHOST, port)
    writer.write(request("GET", "/watcher/config"))
    answer = parsed(await reader.read())[1]
    assert isinstance(answer, dict)
    assert answer["config"]["serverPort"] == port
    writer.close()
    await writer.wait_closed()
    await watcher.stop()
    with pytest.raises(OSError, match=r"refused|Connect"):
        await asyncio.open_connection(LOCALHOST, port)
