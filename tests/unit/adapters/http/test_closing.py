"""What a caller gets whose request is cut by the end of the server."""

import asyncio
import json

import pytest

from hershy.programs.ports.api_server import Message, Receive, Scope, Send
from hershy_adapters.http._server.middleware import answer_when_cut


async def cut(*, begun: bool, is_closing: bool) -> list[Message]:
    """Cancel a request in the middle, its answer begun or not; return what was sent."""
    sent: list[Message] = []
    under_way = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        under_way.set()
        await asyncio.Event().wait()

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asked = asyncio.ensure_future(answer_when_cut(app, lambda: is_closing)({"type": "http"}, receive, send))
    await under_way.wait()
    asked.cancel()
    await asked
    return sent


async def test_a_request_without_an_answer_is_refused() -> None:
    """In the shape of every refusal, not as a bug."""
    start, body = await cut(begun=False, is_closing=True)
    assert start["status"] == 503
    assert json.loads(body["body"])["message"] == "the Host is closing"


async def test_an_answer_that_has_begun_is_broken_off() -> None:
    """Its end is not sent, so that the caller can tell."""
    assert len(await cut(begun=True, is_closing=True)) == 1


async def test_other_cancellations_pass() -> None:
    """They belong to the application around."""
    with pytest.raises(asyncio.CancelledError):
        await cut(begun=False, is_closing=False)
