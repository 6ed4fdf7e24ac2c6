"""What the bodies of requests can cost the Host, by size, by time, and all together."""

import asyncio
import json
import resource
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from hershy.access.authentication import Authenticator, issue
from hershy.core.ids import UserID
from hershy.testing.twins import Twins
from hershy_adapters._asgi import AsgiTransport
from hershy_adapters.http._guard.admission import admission
from hershy_adapters.http._guard.body_limit import USER_PART, limit_body
from hershy_adapters.http._metrics import HttpMetrics
from hershy_adapters.http._server.open_files import FILES_FOR_THE_REST, room_for
from hershy_adapters.http.app import _json_api
from hershy_adapters.memory.tokens import InMemoryTokens

MAX_BYTES = 1_000
NEW = json.dumps({"user_id": "alice", "dockerfile": "FROM scratch"}).encode()


Clients = Callable[..., httpx.AsyncClient]


@pytest.fixture
def client_of(hershy_twins: Twins) -> Clients:
    """A client of the JSON API within the given bounds."""

    def client_of(**bounds: Any) -> httpx.AsyncClient:
        limited = limit_body(_json_api(hershy_twins.host, HttpMetrics()), MAX_BYTES, **bounds)
        app = admission(limited, hershy_twins.host, None)
        return httpx.AsyncClient(transport=AsgiTransport(app), base_url="http://localhost:9000")

    return client_of


async def test_body_that_never_ends(client_of: Clients) -> None:
    """A body that keeps coming, or doesn't, is refused at its deadline; another caller's is not."""
    never = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    async with client_of(deadline_s=0.01) as client:
        response = await client.post("/programs", content=endless())
        assert (response.status_code, response.json()["error"]) == (408, "Request Timeout")
        assert "0.01 s" in response.json()["message"]
        assert response.headers["connection"] == "close"
        assert (await client.post("/programs", content=NEW)).status_code == 201


async def test_many_bodies_at_once(client_of: Clients) -> None:
    """Bodies that together are more than may be held are refused while that is so, and only then."""
    go_on = asyncio.Event()
    has_sent = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield NEW + b" " * 500
        has_sent.set()
        await go_on.wait()
        yield b" "

    async with client_of(most_held=len(NEW) + 600) as client:
        first = asyncio.ensure_future(client.post("/programs", content=slow()))
        await has_sent.wait()
        refused = await client.post("/programs", content=NEW + b" " * 200)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        go_on.set()
        assert (await first).status_code == 201
        assert (await client.post("/programs", content=NEW + b" " * 200)).status_code == 201


async def test_many_bodies_of_one_user(hershy_twins: Twins) -> None:
    """One user's bodies take a part of what may be held, and the rest is left to others."""
    tokens = InMemoryTokens()
    limited = limit_body(_json_api(hershy_twins.host, HttpMetrics()), MAX_BYTES, most_held=USER_PART * MAX_BYTES)
    app = admission(limited, hershy_twins.host, Authenticator(tokens, hershy_twins.clock))
    go_on, has_sent = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield NEW + b" " * 800
        has_sent.set()
        await go_on.wait()
        yield b" "

    async def client_of(user: str) -> httpx.AsyncClient:
        _, token = await issue(tokens, hershy_twins.clock.now(), UserID(user))
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(transport=AsgiTransport(app), base_url="http://localhost:9000", headers=headers)

    async with await client_of("alice") as alice, await client_of("bob") as bob:
        first = asyncio.ensure_future(alice.post("/programs", content=slow()))
        await has_sent.wait()
        refused = await alice.post("/programs", content=NEW + b" " * 200)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        of_bob = NEW.replace(b"alice", b"bob") + b" " * 800
        assert (await bob.post("/programs", content=of_bob)).status_code == 201
        go_on.set()
        assert (await first).status_code == 201
        assert (await alice.post("/programs", content=NEW + b" " * 200)).status_code == 201


@pytest.mark.parametrize(
    ("soft", "hard", "room", "raised_to"),
    [
        (1024, 4096, 1000, 2 * 1000 + FILES_FOR_THE_REST),
        (1024, resource.RLIM_INFINITY, 1000, 2 * 1000 + FILES_FOR_THE_REST),
        (1024, 1024, (1024 - FILES_FOR_THE_REST) // 2, 1024),
        (100_000, 100_000, 1000, None),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 1000, None),
    ],
)
def test_open_files(monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, room: int, raised_to: int | None) -> None:
    """A thousand connections get their files where the hard limit gives them; else there are fewer connections."""
    limits = [(soft, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda what: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda what, given: limits.append(given))
    assert room_for(1000) == room
    assert limits[1:] == ([] if raised_to is None else [(raised_to, hard)])
