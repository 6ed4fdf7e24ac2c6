"""Bounds on the bodies of the Host's own calls: each one's size and time, and all of them together."""

import asyncio
from http import HTTPStatus

from starlette.exceptions import HTTPException

from hershy.programs.ports.api_server import ASGIApp, Message, Receive, Scope, Send

from .._errors import refusal

BODY_DEADLINE_S = 120.0
BODIES_AT_ONCE = 16
"""How many bodies of the largest size are held in memory at once, however many callers send some."""

CLOSE = {"Connection": "close"}


def limit_body(
    app: ASGIApp, max_bytes: int, *, deadline_s: float = BODY_DEADLINE_S, most_held: int | None = None
) -> ASGIApp:
    """Refuse with 413 by the announced length, and by what arrives where that is more or was not announced.

    With 408 where the body has not ended within ``deadline_s`` seconds, and with 503 where the bodies of all requests
    under way come to more than ``most_held`` bytes; by default that is ``BODIES_AT_ONCE`` of the largest.
    """
    most = BODIES_AT_ONCE * max_bytes if most_held is None else most_held
    too_large = f"the body is larger than {max_bytes} bytes; the Host's setting max_body_bytes bounds it"
    too_late = f"the body did not end within {deadline_s:g} s"
    too_many = "the Host holds as many bodies of other requests as it may; try again"
    held = 0

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal held
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        if _announced_length(scope) > max_bytes:
            await refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large, CLOSE)(scope, receive, send)
            return
        late_at = asyncio.get_running_loop().time() + deadline_s
        arrived, ended = 0, False

        async def counting() -> Message:
            nonlocal held, arrived, ended
            if ended:
                return await receive()
            try:
                async with asyncio.timeout_at(late_at):
                    received = await receive()
            except TimeoutError:
                raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, too_late, CLOSE) from None
            ended = not received.get("more_body", False)
            arrived += len(received.get("body", b""))
            held += len(received.get("body", b""))
            if arrived > max_bytes:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large, CLOSE)
            if held > most:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, too_many, {"Retry-After": "1", **CLOSE})
            return received

        try:
            await app(scope, counting, send)
        finally:
            held -= arrived

    return limited


def _announced_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0
