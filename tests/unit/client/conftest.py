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
    """``ask(handler, method, *args)`` calls that method of either client; an iterator comes back as a list.

    ``seen``: a list that gets what an iterator gives before it raises.
    """
    return _ask_blocking if request.param == "blocking" else _ask_asyncio


def _ask_blocking(handler: Handler, method: str, *args: Any, seen: list[Any] | None = None, **kwargs: Any) -> Any:
    seen = [] if seen is None else seen
    with Client("http://host.test", timeout=TIMEOUT, transport=httpx.MockTransport(handler)) as client:
        result = getattr(client, method)(*args, **kwargs)
        if not isinstance(result, Iterator):
            return result
        for item in result:
            seen.append(item)
        return seen


def _ask_asyncio(handler: Handler, method: str, *args: Any, seen: list[Any] | None = None, **kwargs: Any) -> Any:
    seen = [] if seen is None else seen

    async def run() -> Any:
        async with AsyncClient("http://host.test", timeout=TIMEOUT, transport=httpx.MockTransport(handler)) as client:
            result: AsyncIterator[Any] | Awaitable[Any] = getattr(client, method)(*args, **kwargs)
            if not isinstance(result, AsyncIterator):
                return await result
            async for item in result:
                seen.append(item)
            return seen

    return asyncio.run(run())
