"""A request lasts no longer than the token it came with: streams and WebSockets may go on for days."""

import asyncio
from contextlib import suppress

from hershy.access.authentication import Authenticator
from hershy.errors import HershyError, Unauthorized
from hershy.programs.ports.api_server import ASGIApp, Message, Receive, Scope, Send

from .refusing import POLICY_VIOLATION

CHECKED_EVERY_S = 1.0


async def while_valid(
    app: ASGIApp,
    authenticator: Authenticator,
    token: str,
    scope: Scope,
    receive: Receive,
    send: Send,
    every_s: float = CHECKED_EVERY_S,
) -> None:
    """Run ``app``. When the token ends meanwhile, it is told that its caller has gone."""
    lease = _Expiry(authenticator, token, every_s)
    is_open = False

    async def receive_or_end() -> Message:
        return await lease.receive(receive, f"{scope['type']}.disconnect")

    async def noting(message: Message) -> None:
        nonlocal is_open
        if message["type"] in ("websocket.accept", "websocket.close"):
            is_open = message["type"] == "websocket.accept"
        await send(message)

    try:
        await app(scope, receive_or_end, noting)
    finally:
        lease.end()
    if is_open and lease.is_over:
        with suppress(OSError):  # the server's way to say that the caller has really gone
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "the token has ended"})


class _Expiry:
    """Most requests are over before the first check, and are spared its task."""

    def __init__(self, authenticator: Authenticator, token: str, every_s: float) -> None:
        self._authenticator = authenticator
        self._token = token
        self._every_s = every_s
        self._over = asyncio.Event()
        self._checking: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(every_s, self._begin)

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    async def receive(self, receive: Receive, disconnect: str) -> Message:
        receiving = asyncio.ensure_future(receive())
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait({receiving, over}, return_when=asyncio.FIRST_COMPLETED)
            if receiving.done():
                return receiving.result()
            return {"type": disconnect, "code": POLICY_VIOLATION}
        finally:
            receiving.cancel()
            over.cancel()

    def end(self) -> None:
        self._timer.cancel()
        if self._checking is not None:
            self._checking.cancel()

    def _begin(self) -> None:
        self._checking = asyncio.ensure_future(self._check())

    async def _check(self) -> None:
        while True:
            try:
                await self._authenticator.principal(self._token)
            except Unauthorized:
                self._over.set()
                return
            except (HershyError, OSError):
                pass  # the database is away; that is no reason to break what it has let in
            await asyncio.sleep(self._every_s)
