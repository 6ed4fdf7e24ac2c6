"""What one user's tokens can hold open, and that the others, an admin and health checks get through meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from hershy.access.authentication import Authenticator, issue
from hershy.core.ids import UserID
from hershy.testing.twins import Twins
from hershy_adapters._asgi import AsgiTransport
from hershy_adapters.http._guard.reserve import reserved
from hershy_adapters.http._guard.shares import UserShare
from hershy_adapters.http.app import create_app
from hershy_adapters.memory.tokens import InMemoryTokens

from .test_refusals import require_refusal


class Callers:
    """Of one application with tokens: ``get`` by user, None for an admin, and the tokens' headers."""

    def __init__(self, client: httpx.AsyncClient, twins: Twins) -> None:
        self.client = client
        self._twins, self._tokens = twins, InMemoryTokens()
        authenticator = Authenticator(self._tokens, twins.clock)
        self.app = create_app(twins.host, authenticator=authenticator, user_share=UserShare(3, 2))
        self._given: dict[str | None, dict[str, str]] = {}

    async def issue(self, *users: str | None) -> None:
        for user in users:
            _, text = await issue(self._tokens, self._twins.clock.now(), UserID(user) if user else None)
            self._given[user] = {"Authorization": f"Bearer {text}"}

    def headers(self, user: str | None) -> dict[str, str]:
        return self._given[user]


@pytest.fixture
async def callers(hershy_twins: Twins) -> AsyncIterator[Callers]:
    async with httpx.AsyncClient(base_url="http://host") as unused:
        callers = Callers(unused, hershy_twins)
        await callers.issue("alice", "bob", None)
    async with httpx.AsyncClient(transport=AsgiTransport(callers.app), base_url="http://host") as client:
        callers.client = client
        yield callers


async def require_others_are_served(callers: Callers) -> None:
    for headers in (callers.headers("bob"), callers.headers(None)):
        assert (await callers.client.get("/programs", headers=headers)).status_code == 200
    assert (await callers.client.get("/healthz")).status_code == 200


async def test_streams(callers: Callers) -> None:
    """The third stream of a user with room for two is refused until one ends; ordinary calls go on."""
    alice = callers.headers("alice")
    async with AsyncExitStack() as second:
        async with AsyncExitStack() as first:
            for stack in (first, second):
                stream = callers.client.stream("GET", "/events", headers=alice)
                assert (await stack.enter_async_context(stream)).status_code == 200
            refused = await callers.client.get("/events", headers=alice)
            require_refusal(refused, 429)
            assert refused.json()["message"] == "2 streams of user alice are open already"
            assert "http_max_streams_per_user" in refused.json()["remedy"]
            assert refused.headers["retry-after"] == "1"
            assert (await callers.client.get("/programs", headers=alice)).status_code == 200
            await require_others_are_served(callers)
        for _ in range(20):  # until the server has seen that the caller is gone
            await asyncio.sleep(0)
        async with callers.client.stream("GET", "/events", headers=alice) as again:
            assert again.status_code == 200


async def test_bodies_that_never_come(callers: Callers) -> None:
    """Calls that are open count by user, whatever they wait for; one more is refused and its connection closed."""
    alice, never = callers.headers("alice"), asyncio.Event()
    being_read = asyncio.Semaphore(0)

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        being_read.release()
        await never.wait()

    posts = [asyncio.create_task(callers.client.post("/programs", content=endless(), headers=alice)) for _ in range(3)]
    for _ in posts:
        await being_read.acquire()
    refused = await callers.client.get("/programs", headers=alice)
    require_refusal(refused, 429)
    assert "http_max_requests_per_user" in refused.json()["remedy"]
    assert (refused.headers["connection"], refused.headers["retry-after"]) == ("close", "1")
    await require_others_are_served(callers)
    never.set()
    await asyncio.gather(*posts)
    assert (await callers.client.get("/programs", headers=alice)).status_code == 200


async def test_the_last_connections(callers: Callers) -> None:
    """Where a server is full, health checks and admins are served, and nobody else."""
    crowded = AsgiTransport(reserved(callers.app, "full"))
    async with httpx.AsyncClient(transport=crowded, base_url="http://host") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/programs", headers=callers.headers(None))).status_code == 200
        for headers in (callers.headers("alice"), {}):
            refused = await client.get("/programs", headers=headers)
            require_refusal(refused, 503)
            assert refused.json()["message"] == "full"
            assert refused.headers["connection"] == "close"


async def test_a_full_server_that_authenticates_nobody(hershy_twins: Twins) -> None:
    """Then a token proves nothing: only health checks are served."""
    app = reserved(create_app(hershy_twins.host), "full")
    async with httpx.AsyncClient(transport=AsgiTransport(app), base_url="http://localhost") as client:
        assert (await client.get("/healthz")).status_code == 200
        for headers in ({}, {"Authorization": "Bearer x"}):
            require_refusal(await client.get("/programs", headers=headers), 503)
