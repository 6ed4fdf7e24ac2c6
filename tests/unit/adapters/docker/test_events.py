"""Following the engine's events: what an engine may do to a reader, played by a small server on a socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hershy.core.ids import ContainerID, OwnerID, ProgramID
from hershy.errors import EngineUnavailable
from hershy.programs.ports.runtime import ContainerEvent, ContainerEventKind
from hershy_adapters._subscription import Subscription
from hershy_adapters.docker import _events
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker._events import MAX_EVENT_BYTES, EventLines, parse, subscribed

OWNER = OwnerID("a" * 16)
PROGRAM = ProgramID("alice-build-0123456789ab-0123abcd")
DEADLINE_S = 5.0
NANOSECONDS = 1_795_191_805_788_727_749


def event(number: int = 1, **changes: Any) -> dict[str, Any]:
    """As the engine sends it, without the fields that newer ones have dropped."""
    actor = {"ID": f"{number:064x}", "Attributes": {"hershy.program-id": str(PROGRAM), "exitCode": "0"}}
    return {"Type": "container", "Action": "die", "Actor": actor, "timeNano": NANOSECONDS} | changes


def line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"


EXITED = ContainerEvent(
    PROGRAM, ContainerID(f"{1:064x}"), ContainerEventKind.EXITED, datetime(2026, 11, 20, 16, 23, 25, 788727, UTC)
)


class FakeEngine:
    """Answers a subscription with ``sends``, then does what ``then`` says: waits, ends the stream, or cuts it."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.status = "200 OK"
        self.sends: list[bytes] = []
        self.ends_stream = asyncio.Event()
        self.cuts = asyncio.Event()
        self.subscription: dict[str, list[str]] = {}
        self._answering: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Engine]:
        server = await asyncio.start_unix_server(self._answer, self.socket)
        engine = Engine(f"unix://{self.socket}")
        try:
            yield engine
        finally:
            self.cuts.set()
            await engine.aclose()
            server.close()
            await asyncio.gather(*self._answering)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering = asyncio.current_task()
        assert answering is not None
        self._answering.add(answering)
        try:
            while True:
                target = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
                if "/events" in target:
                    break
                body = b'{"ApiVersion": "1.45"}'
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                writer.write(head % len(body) + body)
            self.subscription = parse_qs(urlsplit(target).query)
            writer.write(f"HTTP/1.1 {self.status}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
            for chunk in self.sends:
                writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            waiting = [asyncio.ensure_future(end.wait()) for end in (self.ends_stream, self.cuts)]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for each in waiting:
                each.cancel()
            if self.ends_stream.is_set():
                writer.write(b"0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def fake(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path / "engine.sock")


async def test_asks_for_this_owners_containers(fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine filters; from the present on, because it answers before it listens."""
    monkeypatch.setattr(_events.time, "time_ns", lambda: NANOSECONDS)
    async with fake.up() as engine, subscribed(engine, OWNER):
        filters = json.loads(fake.subscription["filters"][0])
    assert filters["label"] == [f"hershy.owner={OWNER}"]
    assert filters["type"] == ["container"]
    assert sorted(filters["event"]) == ["destroy", "die", "oom", "start"]
    assert fake.subscription["since"] == ["1795191805.788727749"]


async def test_odd_events_are_skipped(fake: FakeEngine) -> None:
    """What is no event, or none that can be told, does not end the stream; cut anywhere, the rest is read."""
    odd: list[object] = [{}, [], 7, None, event(Actor=None), event(Actor={"ID": "x"}), event(timeNano="soon")]
    odd += [event(Actor={"Attributes": {"hershy.program-id": str(PROGRAM)}}), event(Action={}), event(timeNano=1e300)]
    stream = b"".join([b"not JSON\n\n\xff\xfe\n", b"[" * 5000 + b"\n", *map(line, odd), line(event())])
    fake.sends = [stream[:40], stream[40:-30], stream[-30:]]
    async with fake.up() as engine, subscribed(engine, OWNER) as events:
        assert await anext(events) == EXITED


@pytest.mark.parametrize("end", ["ends_stream", "cuts"])
async def test_end_of_the_stream_is_an_error(fake: FakeEngine, end: str) -> None:
    """Whether the engine ends the stream in order or breaks it off: what came is given, then the error."""
    fake.sends = [line(event()) + b'{"Type": "cont']
    async with fake.up() as engine, subscribed(engine, OWNER) as events:
        assert await anext(events) == EXITED
        waiting = asyncio.ensure_future(anext(events))
        getattr(fake, end).set()
        with pytest.raises(EngineUnavailable):
            await asyncio.wait_for(waiting, DEADLINE_S)


async def test_closed_connection_is_an_error_too(fake: FakeEngine) -> None:
    """A reader does not wait for ever for a runtime that somebody has closed."""
    async with fake.up() as engine, subscribed(engine, OWNER) as events:
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        await engine.aclose()
        with pytest.raises(EngineUnavailable):
            await asyncio.wait_for(waiting, DEADLINE_S)


async def test_subscription_that_is_refused(fake: FakeEngine) -> None:
    """An engine that is there and cannot serve is as good as away."""
    fake.status = "500 Internal Server Error"
    fake.ends_stream.set()
    async with fake.up() as engine:
        with pytest.raises(EngineUnavailable, match="subscribing"):
            await subscribed(engine, OWNER).__aenter__()


async def test_subscription_has_a_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that accepts the connection and never answers is as good as away."""
    monkeypatch.setattr(_events, "SUBSCRIBING_S", 0.05)
    waiting = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await waiting.wait()
        writer.close()

    server = await asyncio.start_unix_server(say_nothing, tmp_path / "engine.sock")
    engine = Engine(f"unix://{tmp_path}/engine.sock")
    try:
        with pytest.raises(EngineUnavailable, match="subscribing"):
            await subscribed(engine, OWNER).__aenter__()
    finally:
        waiting.set()
        await engine.aclose()
        server.close()
        await server.wait_closed()


async def test_reader_that_falls_behind() -> None:
    """A full buffer breaks the subscription, because a gap must be known; what it holds is still given."""
    subscription = Subscription(size=2)
    for _ in range(4):
        subscription.put(EXITED)
    assert [await anext(subscription) for _ in range(2)] == [EXITED, EXITED]
    for _ in range(2):
        with pytest.raises(EngineUnavailable, match="more than 2 container events"):
            await anext(subscription)


def test_kinds_of_events() -> None:
    """The four kinds are told apart; others, of the engine's own or of things that are no containers, are left out."""
    actions = {"start": "started", "die": "exited", "destroy": "removed", "oom": "out_of_memory"}
    for action, kind in actions.items():
        parsed = parse(line(event(Action=action)))
        assert parsed is not None
        assert parsed.kind == kind
    assert parse(line(event(Action="exec_die"))) is None
    assert parse(line(event(Type="network"))) is None


def test_line_without_end_is_bounded() -> None:
    """What is too long for an event is not kept, and the next event is read."""
    lines = EventLines()
    for _ in range(3):
        assert lines.feed(b"x" * MAX_EVENT_BYTES) == []
    assert len(lines._begun) <= MAX_EVENT_BYTES
    assert lines.feed(b"x\nnext\n") == [b"next"]
