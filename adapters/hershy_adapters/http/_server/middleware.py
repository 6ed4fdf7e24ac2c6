"""Pure ASGI wrappers of the JSON API: HEAD, and a last resort for errors."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from hershy.programs.ports.api_server import ASGIApp, Message, Receive, Scope, Send

from .._errors import log_unexpected, refusal, refusal_of


def head_as_get(app: ASGIApp) -> ASGIApp:
    """Answer HEAD as GET without its body; a response that would go on for ever ends after its headers."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await app(scope, receive, send)
            return
        over, has_ended = asyncio.Event(), False

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})
                over.set()

        async def nothing_more() -> Message:
            nonlocal has_ended
            if not has_ended:
                has_ended = True
                return {"type": "http.request", "body": b"", "more_body": False}
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
