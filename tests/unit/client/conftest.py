import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hershy.client import AsyncClient, Client

Handler = Callable[[httpx.Request], httpx.Response]
Ask = Callable[..., Any]

TIMEOUT = timedelta(seconds=5)


@pytest.fixture(params=["blocking", "asyncio"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """``ask(handler, method, *args)`` calls that method of either client; an iterator comes back as a list."""
    return _ask_blocking if request.param == "blocking" else _ask_asyncio


def _ask_blocking(handler: Handler, method: str, *args: Any, **kwargs: Any) -> Any:
    with Client("http://host.test", timeout=TIMEOUT, transport=httpx.MockTransport(handler)) as client:
        result = getattr(client, method)(*args, **kwargs)
        return list(result) if isinstance(result, Iterator) else result


def _ask_asyncio(handler: Handler, method: str, *args: Any, **kwargs: Any) -> Any:
    async def run() -> Any:
        async with AsyncClient("http://host.test", timeout=TIMEOUT, transport=httpx.MockTransport(handler)) as client:
            result: AsyncIterator[Any] | Awaitable[Any] = getattr(client, method)(*args, **kwargs)
            return [item async for item in result] if isinstance(result, AsyncIterator) else await result

    return asyncio.run(run())
