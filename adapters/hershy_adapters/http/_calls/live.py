"""A response that goes on while something happens, and ends at once when the caller has gone."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hershy.core.log import get_logger
from hershy.errors import HershyError, QuotaExceeded
from hershy_adapters._cancellation import Cancelled

from .._errors import program_of, refusal_of
from .._guard.shares import one_stream
from .caller import Caller

KEEP_ALIVE_S = 15.0
_log = get_logger("hershy.http")


class Live(Response):
    """Sends each piece of ``content`` as soon as it is there, and closes ``content`` in every case.

    An error in ``content`` breaks the response off, so that its end is not taken for the end of what it shows.
    """

    def __init__(self, content: AsyncGenerator[bytes, None], media_type: str) -> None:
        super().__init__(media_type=media_type, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with one_stream(scope):
                await self._stream(scope, receive, send)
        except QuotaExceeded as error:
            await refusal_of(error)(scope, receive, send)
        finally:
            await self._content.aclose()

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = Caller(receive, has_body=False, watch_after_s=0)
        try:
            async with caller.cut:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                async for chunk in self._content:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except Cancelled:
            return
        except HershyError as error:
            _log.warning("live response broken off", **program_of(scope), path=scope["path"], error=str(error))
        finally:
            caller.leave()


async def with_keep_alive(
    events: AsyncGenerator[bytes, None], every_s: float = KEEP_ALIVE_S
) -> AsyncGenerator[bytes, None]:
    """Put a comment into every silence, so that nothing between here and the caller takes it for dead."""
    following: asyncio.Task[bytes] | None = None
    try:
        while True:
            following = following or asyncio.ensure_future(_next(events))
            done, _ = await asyncio.wait({following}, timeout=every_s)
            if not done:
                yield b": keep-alive\n\n"
                continue
            finished, following = following, None
            try:
                event = finished.result()
            except StopAsyncIteration:
                return
            yield event
    finally:
        if following is not None:
            following.cancel()
            await asyncio.wait({following})
        await events.aclose()


async def _next(events: AsyncGenerator[bytes, None]) -> bytes:
    return await anext(events)
