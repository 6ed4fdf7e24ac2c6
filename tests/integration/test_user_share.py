"""One user's token holds all that it can of a server; the others, an admin and health checks are answered meanwhile."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from http import HTTPStatus

import pytest

from hershy.access.authentication import Authenticator, issue
from hershy.core.ids import UserID
from hershy.testing.twins import Twins
from hershy_adapters.http._guard.shares import UserShare
from hershy_adapters.http._server.connection import Bounds
from hershy_adapters.http.api_server import UvicornApiServer
from hershy_adapters.http.app import create_app
from hershy_adapters.memory.tokens import InMemoryTokens

from .test_starvation import PATIENCE_S, Connection, connected

SHARE = UserShare(requests=8, streams=4)
BOUNDS = Bounds(max_connections=12, head_deadline_s=0.4)
GREED = 2 * BOUNDS.max_connections
"""Connections that the greedy user opens of each kind: more than the server has, were they kept."""
ADMIN = None


class Callers:
    """Requests to one server, by the user whose token they bring: None for an admin."""

    def __init__(self, server: UvicornApiServer, tokens: Mapping[str | None, str]) -> None:
        self.url = server.url
        self._tokens = tokens

    async def open(self, stack: AsyncExitStack, head: str, user: str | None) -> Connection:
        """Send ``head`` on a connection that stays open."""
        reader, writer = await stack.enter_async_context(connected(self.url))
        writer.write(f"{head}\r\nHost: localhost\r\nAuthorization: Bearer {self._tokens[user]}\r\n\r\n".encode())
        return reader, writer

    async def status(self, path: str, user: str | None) -> int:
        async with AsyncExitStack() as stack:
            return await status_of(await self.open(stack, f"GET {path} HTTP/1.1", user))

    async def health(self) -> int:
        async with connected(self.url) as (reader, writer):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return await status_of((reader, writer))


@pytest.fixture
async def callers(hershy_twins: Twins) -> AsyncIterator[Callers]:
    store = InMemoryTokens()
    tokens = {}
    for user in ("alice", "bob", ADMIN):
        _, tokens[user] = await issue(store, hershy_twins.clock.now(), UserID(user) if user else None)
    authenticator = Authenticator(store, hershy_twins.clock)
    app = create_app(hershy_twins.host, authenticator=authenticator, user_share=SHARE)
    server = UvicornApiServer(app, port=0, bounds=BOUNDS)
    await server.start()
    yield Callers(server, tokens)
    await server.aclose()


async def status_of(connection: Connection) -> int:
    async with asyncio.timeout(PATIENCE_S):
        head = await connection[0].readuntil(b"\r\n\r\n")
    found = re.match(rb"HTTP/1.1 (\d+) ", head)
    assert found, head
    return int(found[1])


async def test_streams_and_bodies_of_one_user(callers: Callers) -> None:
    """What goes beyond the share is refused with 429 and leaves its connection, so the server never fills up."""
    async with AsyncExitStack() as stack:
        streams = [await status_of(await callers.open(stack, "GET /events HTTP/1.1", "alice")) for _ in range(GREED)]
        assert streams == [HTTPStatus.OK] * SHARE.streams + [HTTPStatus.TOO_MANY_REQUESTS] * (GREED - SHARE.streams)

        posts = []
        for _ in range(GREED):
            post = "POST /programs HTTP/1.1\r\nContent-Length: 1000"
            posts.append(await callers.open(stack, post, "alice"))
            posts[-1][1].write(b"{")
            await asyncio.sleep(0.01)
        told = asyncio.gather(*(status_of(it) for it in posts[SHARE.requests - SHARE.streams :]))
        assert set(await told) <= {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

        assert await callers.status("/programs", "alice") == HTTPStatus.TOO_MANY_REQUESTS
        assert await callers.status("/programs", "bob") == HTTPStatus.OK
        assert await callers.status("/programs", ADMIN) == HTTPStatus.OK
        assert await callers.health() == HTTPStatus.OK


async def test_a_full_server(callers: Callers) -> None:
    """Where several users fill it all the same, an admin and health checks are answered; users are told it is full."""
    async with AsyncExitStack() as stack:
        for user in ("alice", "bob"):
            for _ in range(SHARE.streams):
                assert await status_of(await callers.open(stack, "GET /events HTTP/1.1", user)) == HTTPStatus.OK
        post = "POST /programs HTTP/1.1\r\nContent-Length: 1000"
        for user in ("alice", "bob") * 2:
            await callers.open(stack, post, user)
        await asyncio.sleep(0.1)
        assert await callers.status("/programs", "alice") == HTTPStatus.SERVICE_UNAVAILABLE
        assert await callers.status("/programs", ADMIN) == HTTPStatus.OK
        assert await callers.health() == HTTPStatus.OK


async def test_a_body_that_goes_on_after_the_answer(callers: Callers) -> None:
    """Whoever is refused without reading its body does not keep the connection by sending it for ever."""
    async with connected(callers.url) as (reader, writer):
        writer.write(b"POST /programs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        assert await status_of((reader, writer)) == HTTPStatus.UNAUTHORIZED
        writer.write(b"x")
        async with asyncio.timeout(PATIENCE_S):
            await reader.read()
