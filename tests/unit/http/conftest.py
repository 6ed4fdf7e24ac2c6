"""A client of the Host API over a Host on twins."""

from collections.abc import AsyncIterator

import httpx
import pytest

from hershy.testing.twins import Twins
from hershy_adapters.http.app import create_app
from hershy_adapters.memory.asgi import AsgiTransport

MAX_BODY_BYTES = 10_000


@pytest.fixture
def transport(hershy_twins: Twins) -> AsgiTransport:
    return AsgiTransport(create_app(hershy_twins.host, max_body_bytes=MAX_BODY_BYTES))


@pytest.fixture
async def client(transport: AsgiTransport) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        yield client
