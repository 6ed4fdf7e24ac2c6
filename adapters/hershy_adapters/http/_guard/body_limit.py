"""Bounds on the bodies of the Host's own calls: each one's size and time, and all of them together."""

import asyncio
from collections import Counter
from http import HTTPStatus

from starlette.exceptions import HTTPException

from hershy.core.ids import UserID
from hershy.programs.ports.api_server import ASGIApp, Message, Receive, Scope, Send

from .._errors import refusal
from .admission import ACCESS, access_of

BODY_DEADLINE_S = 120.0
BODIES_AT_ONCE = 16
"""How many bodies of the largest size are held in memory at once, however many callers send some."""
USER_PART = 4
"""The bodies of one user may take one of so many parts of that."""

CLOSE = {"Connection": "close"}


def limit_body(
    app: ASGIApp, max_bytes: int, *, deadline_s: float = BODY_DEADLINE_S, most_held: int | None = None
) -> ASGIApp:
    """Refuse with 413 by the announced length, and by what arrives where that is more or was not announced.

    With 408 where the body has not ended within ``deadline_s`` seconds, and with 503 where the bodies of all requests
    under way come to more than ``most_held`` bytes; by default that is ``BODIES_AT_ONCE`` of the largest. With 429
    where those of one user, admins aside, come to more than one of ``USER_PART`` parts of that.
    """
    most = BODIES_AT_ONCE * max_bytes if most_held is None else most_held
    most_of_user = max(most // USER_PART, max_bytes)
    too_large = f"the body is larger than {max_bytes} bytes; the Host's setting max_body_bytes bounds it"
    too_late = f"the body did not end within {deadline_s:g} s"
    too_many = "the Host holds as many bodies of other requests as it may; try again"
    too_many_of_user = f"the bodies of this user's requests are larger than {most_of_user} bytes together; try again"
    held = 0
    of_users: Counter[UserID] = Counter()

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
        user = access_of(scope).principal.user_id if ACCESS in scope else None

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
            size = len(received.get("body", b""))
            arrived += size
            held += size
            if user is not None:
                of_users[user] += size
            if arrived > max_bytes:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large, CLOSE)
            if user is not None and of_users[user] > most_of_user:
                raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, too_many_of_user, {"Retry-After": "1", **CLOSE})
            if held > most:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, too_many, {"Retry-After": "1", **CLOSE})
            return received

        try:
            await app(scope, counting, send)
        finally:
            held -= arrived
            if user is not None:
                of_users[user] -= arrived
                if not of_users[user]:
                    del of_users[user]

    return limited


def _announced_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0
