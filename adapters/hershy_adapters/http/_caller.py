"""The caller's side of an ASGI request: its body as a stream, and noticing that it has gone."""

import asyncio
from collections.abc import AsyncIterator

from hershy.ports.api_server import Receive
from hershy_adapters._cut import Cut

WATCH_AFTER_S = 0.25
"""Most exchanges are over by then and are spared the task that waits for the caller to disconnect."""


class CallerGone(Exception):
    """The caller disconnected before its request's body had ended."""


class Caller:
    """Makes ``cut`` when the caller disconnects. ``async with caller.cut:`` around the work; ``leave`` afterwards."""

    def __init__(self, receive: Receive, *, has_body: bool, watch_after_s: float = WATCH_AFTER_S) -> None:
        self.cut = Cut()
        self._receive = receive
        self._body_ended = not has_body
        self._is_late = False
        self._watching: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(watch_after_s, self._watch_from_now)

    async def body(self) -> AsyncIterator[bytes]:
        while not self._body_ended:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.cut.make()
                raise CallerGone
            if not message.get("more_body", False):
                self._body_ended = True
                if self._is_late:
                    self._watch()
            chunk: bytes = message.get("body", b"")
            if chunk:
                yield chunk

    def leave(self) -> None:
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()

    def _watch_from_now(self) -> None:
        self._is_late = True
        if self._body_ended:
            self._watch()

    def _watch(self) -> None:
        self._watching = asyncio.ensure_future(self._wait_for_disconnect())

    async def _wait_for_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.cut.make()
