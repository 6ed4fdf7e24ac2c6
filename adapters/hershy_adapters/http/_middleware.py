"""Pure ASGI wrappers of the JSON API: a bound on bodies, HEAD, and a last resort for errors."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.exceptions import HTTPException

from hershy.ports.api_server import ASGIApp, Message, Receive, Scope, Send

from ._errors import log_unexpected, refusal, refusal_of


def limit_body(app: ASGIApp, max_bytes: int) -> ASGIApp:
    """Refuse with 413 by the announced length, and by what arrives where that is more or was not announced."""
    message = f"the body is larger than {max_bytes} bytes; the Host's setting max_body_bytes bounds it"
    status, headers = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"Connection": "close"}

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        if _announced_length(scope) > max_bytes:
            await refusal(status, message, headers)(scope, receive, send)
            return
        arrived = 0

        async def counting() -> Message:
            nonlocal arrived
            received = await receive()
            arrived += len(received.get("body", b""))
            if arrived > max_bytes:
                raise HTTPException(status, message, headers)
            return received

        await app(scope, counting, send)

    return limited


def _announced_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def head_as_get(app: ASGIApp) -> ASGIApp:
    """Answer HEAD as GET without its body; a response that would go on for ever ends after its headers."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await app(scope, receive, send)
            return
        over = asyncio.Event()

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})
                over.set()

        async def nothing_more() -> Message:
            await over.wait()
            return {"type": "http.disconnect"}

        await app({**scope, "method": "GET"}, nothing_more, without_body)

    return answered


def error_boundary(app: ASGIApp) -> ASGIApp:
    """Answer what nobody has caught; once an answer has begun, break it off by returning before its end."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, noting)
        except Exception as error:
            if begun:
                log_unexpected(error, scope)
            else:
                await refusal_of(error)(scope, receive, send)

    return guarded


def answer_when_cut(app: ASGIApp, is_closing: Callable[[], bool]) -> ASGIApp:
    """Refuse, where no answer has begun, what a closing server cancels. For a server's own requests only: any other
    cancellation is somebody else's and passes.
    """

    async def cuttable(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, noting)
        except asyncio.CancelledError:
            if not is_closing():
                raise
            if scope["type"] == "http" and not begun:
                message = "the Host is closing"
                await refusal(HTTPStatus.SERVICE_UNAVAILABLE, message)(scope, receive, send)

    return cuttable
