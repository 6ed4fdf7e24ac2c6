"""``/programs/{id}/proxy/…``."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

import httpx
import pytest

from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.api_server import Message
from hershy.programs.ports.proxy import ProxyRequest, ProxyResponse, WebSocketClosed
from hershy.testing.twins import Twins
from hershy_adapters.http.app import create_app
from hershy_adapters.memory.program import InMemoryProgram, answer, answer_json, whole

from .test_refusals import require_refusal

PATIENCE_S = 10


async def reflect(request: ProxyRequest) -> ProxyResponse:
    body = await whole(request.body)
    shown = {"method": request.method, "target": request.target, "headers": request.headers, "body": body.decode()}
    return answer_json(200, shown)


@pytest.fixture
async def program(hershy_twins: Twins) -> Program:
    return await hershy_twins.ready()


@pytest.fixture
def running(hershy_twins: Twins, program: Program, monkeypatch: pytest.MonkeyPatch) -> InMemoryProgram:
    running = hershy_twins.runtime.program(program.id)
    monkeypatch.setattr(running, "handle", reflect)
    return running


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/"),
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/a%2Fb%20c?x=%2B&y=1&x", "/a%2Fb%20c?x=%2B&y=1&x"),
        ("//a//b", "//a//b"),
        ("/%0A", "/%0A"),
        ("?q", "/?q"),
        ("/proxy/programs", "/proxy/programs"),
    ],
)
async def test_target(client: httpx.AsyncClient, program: Program, path: str, target: str) -> None:
    """The program sees what follows ``/proxy``, with every escape and dot as it was sent."""
    raw = f"/programs/{program.id}/proxy{path}".encode()
    request = client.build_request("GET", httpx.URL(client.base_url, raw_path=raw))
    assert (await client.send(request)).json()["target"] == target


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
async def test_method_and_body(client: httpx.AsyncClient, program: Program, method: str) -> None:
    """Any method passes, and a body beyond the limit of the Host's own calls with it."""
    body = b"x" * 20_000
    shown = (await client.request(method, f"/programs/{program.id}/proxy/", content=body)).json()
    assert (shown["method"], len(shown["body"])) == (method, len(body))


@pytest.mark.usefixtures("running")
async def test_head(client: httpx.AsyncClient, program: Program) -> None:
    """HEAD reaches the program as HEAD."""
    response = await client.head(f"/programs/{program.id}/proxy/")
    assert response.status_code == 200
    assert int(response.headers["content-length"]) > 0


@pytest.mark.usefixtures("running")
async def test_headers(client: httpx.AsyncClient, program: Program) -> None:
    """Headers pass; the program learns who asked and by which address."""
    sent = [("X-A", "1"), ("X-A", "2"), ("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-For", "10.0.0.2")]
    sent.append(("Connection", "close"))
    shown = (await client.get(f"/programs/{program.id}/proxy/", headers=sent)).json()["headers"]
    received = [tuple(it) for it in shown]
    assert ("x-a", "1") in received
    assert ("x-a", "2") in received
    assert "connection" not in dict(received)
    assert dict(received)["x-forwarded-for"] == "10.0.0.1, 10.0.0.2, 127.0.0.1"
    assert dict(received)["x-forwarded-host"] == "host"
    assert dict(received)["x-forwarded-proto"] == "http"
    assert dict(received)["x-forwarded-prefix"] == f"/programs/{program.id}/proxy"


async def test_watcher_api(client: httpx.AsyncClient, hershy_twins: Twins, program: Program) -> None:
    """A message reaches the program."""
    url = f"/programs/{program.id}/proxy/watcher/message"
    response = await client.post(url, json={"content": "add 5"})
    assert (response.status_code, response.json()) == (200, {"status": "message sent"})
    assert hershy_twins.runtime.program(program.id).messages == ["add 5"]
    refused = await client.post(url, json={"content": ""})
    assert (refused.status_code, refused.json()) == (400, {"error": "message content cannot be empty"})


async def test_not_ready(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """A program that is not Ready is a 503; one that is unknown a 404."""
    program = await hershy_twins.create()
    require_refusal(await client.get(f"/programs/{program.id}/proxy/"), 503, "not ready")
    require_refusal(await client.get("/programs/nobody/proxy/"), 404, "program not found: nobody")


@pytest.mark.parametrize(
    "bad",
    [
        lambda: ProxyResponse(999, (), answer(200, b"").body),
        lambda: ProxyResponse(200, (("bad name", "x"),), answer(200, b"").body),
        lambda: ProxyResponse(200, (("x", "a\x01b"),), answer(200, b"").body),
    ],
)
async def test_answer_that_is_not_http(
    client: httpx.AsyncClient, hershy_twins: Twins, program: Program, bad: Callable[[], ProxyResponse]
) -> None:
    """What no server could send on is the program's failure."""

    async def handler(request: ProxyRequest) -> ProxyResponse:
        return bad()

    hershy_twins.runtime.program(program.id).respond("GET", "/", handler)
    require_refusal(await client.get(f"/programs/{program.id}/proxy/"), 502)


async def test_unreachable(client: httpx.AsyncClient, hershy_twins: Twins, program: Program) -> None:
    """A program that breaks is a 502, one that never answers a 504."""

    async def broken(request: ProxyRequest) -> ProxyResponse:
        raise ConnectionResetError

    async def silent(request: ProxyRequest) -> ProxyResponse:
        await asyncio.Event().wait()
        raise AssertionError

    running = hershy_twins.runtime.program(program.id)
    running.respond("GET", "/broken", broken)
    running.respond("GET", "/silent", silent)
    require_refusal(await client.get(f"/programs/{program.id}/proxy/broken"), 502)
    require_refusal(await client.get(f"/programs/{program.id}/proxy/silent"), 504)


async def test_streaming(client: httpx.AsyncClient, hershy_twins: Twins, program: Program) -> None:
    """An answer's first piece arrives before its last is written; breaking off breaks it off."""
    gate = asyncio.Event()

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"first"
        await gate.wait()
        yield b"second"
        raise ConnectionResetError

    async def handler(request: ProxyRequest) -> ProxyResponse:
        return ProxyResponse(200, (), pieces())

    hershy_twins.runtime.program(program.id).respond("GET", "/", handler)
    async with client.stream("GET", f"/programs/{program.id}/proxy/") as response:
        chunks = response.aiter_raw()
        assert await anext(chunks) == b"first"
        gate.set()
        assert await anext(chunks) == b"second"
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(chunks)


@pytest.mark.parametrize("path", ["waiting", "streaming"])
async def test_caller_gone(hershy_twins: Twins, program: Program, path: str) -> None:
    """A caller that goes away frees the connection to the program, however silent that is."""
    began, freed = asyncio.Event(), asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first"
            began.set()
            await asyncio.Event().wait()
        finally:
            freed.set()

    async def streaming(request: ProxyRequest) -> ProxyResponse:
        return ProxyResponse(200, (), endless())

    async def waiting(request: ProxyRequest) -> ProxyResponse:
        try:
            return answer(200, await whole(request.body))
        finally:
            freed.set()

    running = hershy_twins.runtime.program(program.id)
    running.respond("POST", "/streaming", streaming)
    running.respond("POST", "/waiting", waiting)
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": f"/programs/{program.id}/proxy/{path}",
        "headers": [(b"content-length", b"10")],
    }

    async def receive() -> Message:
        began.set()
        return await inbox.get()

    async def send(message: Message) -> None:
        pass

    inbox.put_nowait({"type": "http.request", "body": b"half ", "more_body": True})
    if path == "streaming":
        inbox.put_nowait({"type": "http.request", "body": b"whole", "more_body": False})
    serving = asyncio.ensure_future(create_app(hershy_twins.host)(scope, receive, send))
    await began.wait()
    inbox.put_nowait({"type": "http.disconnect"})
    async with asyncio.timeout(PATIENCE_S):
        await serving
    assert freed.is_set()
    assert _active(hershy_twins, program) == 0


def _active(twins: Twins, program: Program) -> int:
    route = twins.proxy.route(program.id)
    assert route is not None
    return route.active


async def test_mounted_below(hershy_twins: Twins, program: Program, running: InMemoryProgram) -> None:
    """Mounted in another application, calls and targets are read after its path."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from hershy_adapters._asgi import AsgiTransport

    outer = Starlette(routes=[Mount("/a/b", create_app(hershy_twins.host))])
    async with httpx.AsyncClient(transport=AsgiTransport(outer), base_url="http://host") as client:
        assert (await client.get("/a/b/programs")).json()["count"] == 1
        shown = (await client.get(f"/a/b/programs/{program.id}/proxy/x%2Fy?z")).json()
        assert shown["target"] == "/x%2Fy?z"
        assert dict(shown["headers"])["x-forwarded-prefix"] == f"/a/b/programs/{program.id}/proxy"
        require_refusal(await client.get("/a/b/nothing"), 404)
        document = (await client.get("/a/b/openapi.json")).json()
        assert document["servers"] == [{"url": "/a/b"}]


class Caller:
    """A WebSocket caller in ASGI terms."""

    def __init__(self, path: str, subprotocols: tuple[str, ...] = (), *, can_deny: bool = True) -> None:
        self.scope: dict[str, Any] = {
            "type": "websocket",
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"host")],
            "client": ("127.0.0.1", 1),
            "subprotocols": list(subprotocols),
            "extensions": {"websocket.http.response": {}} if can_deny else {},
        }
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.inbox.put_nowait({"type": "websocket.connect"})

    async def open(self, twins: Twins) -> "asyncio.Task[None]":
        async def send(message: Any) -> None:
            await self.outbox.put(message)

        async def run() -> None:
            await create_app(twins.host)(self.scope, self.inbox.get, send)

        return asyncio.create_task(run())

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            return await self.outbox.get()


async def test_websocket(hershy_twins: Twins, program: Program) -> None:
    """Messages pass both ways as text or bytes, with the subprotocol the program chose; closing frees it."""
    caller = Caller(f"/programs/{program.id}/proxy/ws", ("one", "two"))
    task = await caller.open(hershy_twins)
    assert await caller.next() == {"type": "websocket.accept", "subprotocol": "one"}
    caller.inbox.put_nowait({"type": "websocket.receive", "text": "hi"})
    assert await caller.next() == {"type": "websocket.send", "text": "hi"}
    caller.inbox.put_nowait({"type": "websocket.receive", "bytes": b"\x00", "text": None})
    assert await caller.next() == {"type": "websocket.send", "bytes": b"\x00"}
    assert _active(hershy_twins, program) == 1
    caller.inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})
    async with asyncio.timeout(PATIENCE_S):
        await task
    assert _active(hershy_twins, program) == 0


@pytest.mark.parametrize(("code", "shown"), [(4001, 4001), (1005, 1000), (1006, 1014)])
async def test_websocket_closed_by_program(hershy_twins: Twins, program: Program, code: int, shown: int) -> None:
    """The program's closing code reaches the caller; what no frame may carry becomes what it means here."""
    running = hershy_twins.runtime.program(program.id)
    running.on_websocket_message = lambda message: WebSocketClosed(code, "bye")
    caller = Caller(f"/programs/{program.id}/proxy/ws")
    task = await caller.open(hershy_twins)
    await caller.next()
    caller.inbox.put_nowait({"type": "websocket.receive", "text": "hi"})
    closed = await caller.next()
    assert (closed["type"], closed["code"]) == ("websocket.close", shown)
    await task


async def test_websocket_cut_by_stop(hershy_twins: Twins, program: Program) -> None:
    """Stopping the program closes its WebSockets."""
    caller = Caller(f"/programs/{program.id}/proxy/ws")
    task = await caller.open(hershy_twins)
    await caller.next()
    await hershy_twins.host.stop(program.id)
    assert (await caller.next())["type"] == "websocket.close"
    await task
    await hershy_twins.host.wait_for(program.id, ProgramState.STOPPED)


async def test_websocket_refused(hershy_twins: Twins) -> None:
    """A handshake that cannot be passed on is answered in the contract's shape where the server can do so."""
    program = await hershy_twins.create()
    caller = Caller(f"/programs/{program.id}/proxy/ws")
    await (await caller.open(hershy_twins))
    start, body = await caller.next(), await caller.next()
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 503)
    assert json.loads(body["body"])["code"] == 503
    caller = Caller("/programs/nobody/proxy/ws", can_deny=False)
    await (await caller.open(hershy_twins))
    assert (await caller.next())["type"] == "websocket.close"
