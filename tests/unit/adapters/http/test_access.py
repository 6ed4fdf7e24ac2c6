"""Tokens over HTTP: who is let in, and what exists for whom. Every call there is, by itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hershy.access.authentication import Authenticator, issue
from hershy.access.tokens import TokenID
from hershy.core.ids import ProgramID, UserID
from hershy.programs.domain.program import Program
from hershy.programs.ports.api_server import ASGIApp, Message, Scope
from hershy.programs.ports.proxy import ProxyRequest, ProxyResponse
from hershy.sandbox.application.service import SandboxService
from hershy.testing.twins import Twins
from hershy_adapters._asgi import AsgiTransport
from hershy_adapters.http._guard.token_expiry import while_valid
from hershy_adapters.http.app import create_app
from hershy_adapters.memory.program import answer_json
from hershy_adapters.memory.tokens import InMemoryTokens

from .test_refusals import require_refusal

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
BODIES = {
    "/programs": {"user_id": "bob", "dockerfile": "FROM x"},
    "/bulk/programs": {"programs": [{"user_id": "bob", "dockerfile": "FROM x"}]},
}
OPEN = ("/healthz", "/readyz")
OF_THE_HOST = ("/metrics",)
SOON = timedelta(seconds=2)


@pytest.fixture
def tokens() -> InMemoryTokens:
    return InMemoryTokens()


@pytest.fixture
def app(hershy_twins: Twins, tokens: InMemoryTokens, sandbox_service: SandboxService) -> ASGIApp:
    authenticator = Authenticator(tokens, hershy_twins.clock)
    return create_app(hershy_twins.host, authenticator=authenticator, sandbox=sandbox_service)


@pytest.fixture
async def clients(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=AsgiTransport(app), base_url="http://host") as client:
        yield client


async def token_of(twins: Twins, tokens: InMemoryTokens, user: str | None, **options: Any) -> str:
    _, text = await issue(tokens, twins.clock.now(), UserID(user) if user else None, **options)
    return text


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def calls(document: Any) -> Iterator[tuple[str, str]]:
    for path, operations in document["paths"].items():
        for method in operations:
            yield method, path


async def document_of(client: httpx.AsyncClient, token: str) -> Any:
    return (await client.get("/openapi.json", headers=bearer(token))).json()


async def test_every_call_asks_for_a_token(
    clients: httpx.AsyncClient, hershy_twins: Twins, tokens: InMemoryTokens
) -> None:
    """401 without, with a bad one, with another scheme; for calls that do not exist and the documents too."""
    document = await document_of(clients, await token_of(hershy_twins, tokens, None))
    paths = [*calls(document), ("get", "/docs"), ("get", "/openapi.json"), ("get", "/nothing")]
    assert len(paths) > 25
    for method, path in paths:
        for headers in (
            {},
            bearer("nonsense"),
            bearer(f"hershy_{'0' * 12}_{'0' * 64}"),
            {"Authorization": "Basic eDp5"},
        ):
            response = await clients.request(method, path, headers=headers)
            if path in OPEN:
                assert response.status_code == 200
                continue
            assert response.status_code == 401, (method, path)
            assert response.headers["www-authenticate"].startswith("Bearer")
            if method != "head":
                require_refusal(response, 401)


async def test_anothers_program_does_not_exist(
    clients: httpx.AsyncClient, hershy_twins: Twins, tokens: InMemoryTokens
) -> None:
    """Of each call there is, by id: the answer is that to an id which was never given, and nothing has happened."""
    program = await hershy_twins.ready(user="alice")
    absent = ProgramID(f"{str(program.id)[:-8]}{'0' * 8}")
    bob = await token_of(hershy_twins, tokens, "bob")
    before = await hershy_twins.host.journal()
    seen = 0
    for method, path in calls(await document_of(clients, bob)):
        if "{program_id}" not in path:
            continue
        answers = []
        for it in (program.id, absent):
            url = path.replace("{program_id}", str(it)).replace("{path}", "x")
            follow = {"follow": "true"} if path.endswith("/logs") else {}
            response = await clients.request(method, url, headers=bearer(bob), params=follow)
            headers = {
                name: value.replace(str(it), "ID")
                for name, value in response.headers.items()
                if name != "content-length"
            }
            answers.append((response.status_code, response.text.replace(str(it), "ID"), headers))
        assert answers[0] == answers[1], (method, path)
        assert answers[0][0] == 404, (method, path)
        seen += 1
    assert seen > 15
    assert await hershy_twins.host.journal() == before


async def test_calls_without_an_id_show_ones_own(
    clients: httpx.AsyncClient, hershy_twins: Twins, tokens: InMemoryTokens
) -> None:
    """Each of them tells nothing of others' programs, changes none, and registers none for others."""
    program = await hershy_twins.ready(user="alice")
    bob = await token_of(hershy_twins, tokens, "bob")
    before = await hershy_twins.host.get(program.id)
    for method, path in calls(await document_of(clients, bob)):
        if "{program_id}" in path or path == "/events":
            continue
        for body in (BODIES.get(path, {}), {"user_id": "alice", "all": True, "dockerfile": "FROM x"}):
            content = {"json": body} if method == "post" else {}
            response = await clients.request(method, path, headers=bearer(bob), **content)  # type: ignore[arg-type]
            assert str(program.id) not in response.text, (method, path)
            assert response.status_code < 500, (method, path)
            if path in OF_THE_HOST:
                require_refusal(response, 403)
    assert await hershy_twins.host.get(program.id) == before
    created = await clients.post("/programs", json={"user_id": "alice", "dockerfile": "x"}, headers=bearer(bob))
    require_refusal(created, 403, "user bob")
    many = {"programs": [BODIES["/programs"], {"user_id": "alice", "dockerfile": "x"}]}
    require_refusal(await clients.post("/bulk/programs", json=many, headers=bearer(bob)), 403, "user bob")
    asked_for = await clients.get("/programs", params={"user_id": "alice"}, headers=bearer(bob))
    assert asked_for.json() == {"programs": [], "count": 0}
    admin = await token_of(hershy_twins, tokens, None)
    await hershy_twins.clock.sleep(SOON)
    assert (await clients.get("/metrics", headers=bearer(admin))).status_code == 200
    assert str(program.id) in (await clients.get("/programs", headers=bearer(admin))).text


async def test_events_of_all_are_ones_own(
    clients: httpx.AsyncClient, hershy_twins: Twins, tokens: InMemoryTokens
) -> None:
    """A user's stream tells of that user's programs alone."""
    theirs = await hershy_twins.ready(user="alice")
    own = await hershy_twins.create(user="bob")
    bob = await token_of(hershy_twins, tokens, "bob")
    async with clients.stream("GET", "/events?last_event_id=0", headers=bearer(bob)) as response:
        async for line in response.aiter_lines():
            assert str(theirs.id) not in line
            if str(own.id) in line:
                break


async def test_expired_and_revoked(clients: httpx.AsyncClient, hershy_twins: Twins, tokens: InMemoryTokens) -> None:
    """A token is let in from the next second on, and out at its end, or within a second of being revoked."""
    short = await token_of(hershy_twins, tokens, None, lifetime=timedelta(minutes=1))
    assert (await clients.get("/programs", headers=bearer(short))).status_code == 200
    late = await token_of(hershy_twins, tokens, "bob")
    await hershy_twins.clock.sleep(SOON)
    assert (await clients.get("/programs", headers=bearer(late))).status_code == 200
    await tokens.revoke(TokenID(late.split("_")[1]), hershy_twins.clock.now())
    await hershy_twins.clock.sleep(SOON)
    answers = [await clients.get("/programs", headers=bearer(late))]
    await hershy_twins.clock.sleep(timedelta(minutes=1))
    answers += [await clients.get("/programs", headers=bearer(short)), await clients.get("/", headers=bearer("x"))]
    for answer in answers:
        require_refusal(answer, 401, "unknown, expired or revoked")
    assert len({it.text for it in answers}) == 1


async def test_the_store_is_asked_once_a_second(hershy_twins: Twins) -> None:
    """However many tokens are tried."""
    asked = 0

    class Counting(InMemoryTokens):
        async def list(self) -> Any:
            nonlocal asked
            asked += 1
            return await super().list()

    app = create_app(hershy_twins.host, authenticator=Authenticator(Counting(), hershy_twins.clock))
    async with httpx.AsyncClient(transport=AsgiTransport(app), base_url="http://host") as client:
        for number in range(50):
            response = await client.get("/programs", headers=bearer(f"hershy_{number:012x}_{'0' * 64}"))
            assert response.status_code == 401
    assert asked == 1


async def test_the_journal_tells_who(clients: httpx.AsyncClient, hershy_twins: Twins, tokens: InMemoryTokens) -> None:
    """The token by its id with its user; a caller in the process; the Host itself; nobody for what just happens."""
    alice = await token_of(hershy_twins, tokens, "alice")
    name = f"token {alice.split('_')[1]} (alice)"
    body = {"user_id": "alice", "dockerfile": "FROM x"}
    created = (await clients.post("/programs", json=body, headers=bearer(alice))).json()
    program_id = ProgramID(created["program_id"])
    await clients.post("/bulk/start", json={"user_id": "alice"}, headers=bearer(alice))
    await hershy_twins.host.stop(program_id)
    shown = (await clients.get(f"/programs/{program_id}/journal", headers=bearer(alice))).json()["entries"]
    actors = [(it["event"], it["actor"]) for it in shown]
    assert actors[:2] == [("registered", name), ("start requested", name)]
    assert ("stop requested", "local") in actors
    await hershy_twins.create(user="bob", ttl=timedelta(seconds=1))
    await hershy_twins.clock.sleep(SOON)
    await hershy_twins.host.sweep()
    await hershy_twins.clock.sleep(SOON)  # virtual time passes when all else has come to rest
    entries = await hershy_twins.host.journal()
    assert [it.actor for it in entries if it.event == "delete requested"] == ["host"]


async def test_the_program_never_sees_the_token(
    clients: httpx.AsyncClient, hershy_twins: Twins, tokens: InMemoryTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor without authentication, when a client sends one all the same; a scheme of the program's own passes then."""
    program = await hershy_twins.ready()
    seen: list[str] = []

    async def spy(request: ProxyRequest) -> ProxyResponse:
        seen.extend(value for name, value in request.headers if name == "authorization")
        return answer_json(200, {})

    monkeypatch.setattr(hershy_twins.runtime.program(program.id), "handle", spy)
    url, token = f"/programs/{program.id}/proxy/", await token_of(hershy_twins, tokens, "alice")
    assert (await clients.get(url, headers=bearer(token))).status_code == 200
    unguarded = AsgiTransport(create_app(hershy_twins.host))
    async with httpx.AsyncClient(transport=unguarded, base_url="http://host") as client:
        for headers in (bearer(token), bearer("of-the-program"), {"Authorization": "Basic eDp5"}):
            assert (await client.get(url, headers=headers)).status_code == 200
    assert seen == ["Bearer of-the-program", "Basic eDp5"]


async def websocket(app: ASGIApp, program: Program | ProgramID, subprotocols: list[str]) -> list[Message]:
    """What the application sends to a handshake, until it has answered it."""
    program_id = program if isinstance(program, ProgramID) else program.id
    path = f"/programs/{program_id}/proxy/ws"
    headers = [(b"host", b"host"), (b"sec-websocket-protocol", ", ".join(subprotocols).encode())]
    scope: Scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "ws",
        "headers": headers,
        "subprotocols": subprotocols,
        "extensions": {"websocket.http.response": {}},
    }
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    inbox.put_nowait({"type": "websocket.connect"})
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "websocket.accept":
            inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})

    await asyncio.wait_for(app(scope, inbox.get, send), 10)
    return sent


async def test_websockets(app: ASGIApp, hershy_twins: Twins, tokens: InMemoryTokens) -> None:
    """A browser offers the token as a subprotocol, which neither comes back nor reaches the program."""
    program = await hershy_twins.ready(user="alice")
    alice, bob = [await token_of(hershy_twins, tokens, user) for user in ("alice", "bob")]
    for offered, status in (([], 401), (["hershy.token.x"], 401), (["hershy", f"hershy.token.{bob}"], 404)):
        assert (await websocket(app, program, offered))[0]["status"] == status
    accepted = (await websocket(app, program, ["hershy", f"hershy.token.{alice}"]))[0]
    assert accepted == {"type": "websocket.accept", "subprotocol": "hershy"}


async def test_a_stream_ends_with_its_token(hershy_twins: Twins, tokens: InMemoryTokens) -> None:
    """The application is told that its caller has gone; a WebSocket is closed as against the policy."""
    text = await token_of(hershy_twins, tokens, None)
    sent: list[Message] = []

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await tokens.revoke(TokenID(text.split("_")[1]), hershy_twins.clock.now())
        assert (await receive())["type"] == "websocket.disconnect"

    async def silence() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    authenticator = Authenticator(tokens, hershy_twins.clock)
    lasting = while_valid(app, authenticator, text, {"type": "websocket"}, silence, send, every_s=0.001)
    await asyncio.wait_for(lasting, 10)
    assert [it["type"] for it in sent] == ["websocket.accept", "websocket.close"]
    assert sent[1]["code"] == 1008
