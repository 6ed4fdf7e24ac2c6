"""The caller's side of an ASGI request: its body as a stream, and noticing that it has gone."""

import asyncio
from collections.abc import AsyncIterator

from starlette.exceptions import HTTPException

from hershy.programs.ports.api_server import Message, Receive
from hershy_adapters._cancellation import Cancellation

WATCH_AFTER_S = 0.25
"""Most exchanges are over by then and are spared the task that waits for the caller to disconnect."""

MAX_AHEAD = 16


class CallerGone(Exception):
    """The caller disconnected before its request's body had ended."""


class Caller:
    """Makes ``cut`` when the caller disconnects. ``async with caller.cut:`` around the work; ``leave`` afterwards.

    A program may answer without reading the body, so somebody must look out beside whoever reads it: a task
    that reads up to ``MAX_AHEAD`` pieces ahead. Behind more than that a disconnect is seen only by sending.
    """

    def __init__(self, receive: Receive, *, has_body: bool, watch_after_s: float = WATCH_AFTER_S) -> None:
        self.cut = Cancellation()
        self._receive = receive
        self._body_ended = not has_body
        self._is_receiving = False
        self._is_late = False
        self._ahead: asyncio.Queue[Message] = asyncio.Queue(MAX_AHEAD)
        self._lookout: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(watch_after_s, self._become_late)

    async def body(self) -> AsyncIterator[bytes]:
        while not self._body_ended:
            message = await self._next()
            if message["type"] == "http.disconnect":
                self.cut.make()
                raise CallerGone
            self._body_ended = not message.get("more_body", False)
            chunk: bytes = message.get("body", b"")
            if chunk:
                yield chunk

    def leave(self) -> None:
        self._timer.cancel()
        if self._lookout is not None:
            self._lookout.cancel()

    async def _next(self) -> Message:
        if self._lookout is not None:
            return await self._ahead.get()
        self._is_receiving = True
        try:
            return await self._receive()
        finally:
            self._is_receiving = False
            if self._is_late:
                self._look_out()

    def _become_late(self) -> None:
        self._is_late = True
        if not self._is_receiving:
            self._look_out()

    def _look_out(self) -> None:
        self._lookout = asyncio.ensure_future(self._read_ahead())

    async def _read_ahead(self) -> None:
        try:
            while (message := await self._receive())["type"] != "http.disconnect":
                if not self._body_ended:
                    await self._ahead.put(message)
        except HTTPException:  # a body that nobody has asked for and that breaks the Host's bounds
            pass
        self.cut.make()
