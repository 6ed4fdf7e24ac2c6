"""One caller's connection: uvicorn's, with bounds on what a caller can make it cost."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from .._errors import refusal
from .._guard.reserve import reserved
from .framing import Ambiguous, require_one_message
from .without_request import WithoutRequest

LINGER_S = 1.0
"""An answer sent ahead of the request's end: closing at once would reset the connection and could destroy it."""
SPARE_CONNECTIONS = 64
"""Above the limit so many are told why they are refused, health checks and admins aside; any further one is closed."""
SPARE_HEAD_DEADLINE_S = 2.0
"""Nobody is to hold those by saying nothing."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """``head_deadline_s``: from the connection, or a request's first byte, to the end of its headers, in seconds;
    also to the end of a body that goes on coming after the answer.

    ``stall_deadline_s``: how long a caller may leave an answer unread. ``max_pipelined``: requests that wait for the
    answer to one before them.
    """

    max_connections: int = 2048
    max_head_bytes: int = 64 * 1024
    max_pipelined: int = 16
    head_deadline_s: float = 15
    stall_deadline_s: float = 300


def bounded(bounds: Bounds) -> type[asyncio.Protocol]:
    """The class that uvicorn makes connections of."""
    return type("BoundedConnection", (_Connection,), {"bounds": bounds, "without_request": WithoutRequest()})


class _Connection(HttpToolsProtocol):
    """Refusals have the one shape of the wire contract; uvicorn's own are lines of text."""

    bounds = Bounds()
    without_request = WithoutRequest()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._head_deadline = _Deadline(self.loop, self.bounds.head_deadline_s, self._on_head_late)
        self._stall_deadline = _Deadline(self.loop, self.bounds.stall_deadline_s, lambda: self.transport.abort())
        self._is_in_body = False
        self._is_ended = False
        self._refused: tuple[HTTPStatus, str] | None = None
        self._unanswered: list[RequestResponseCycle] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's is the same
        super().connection_made(transport)
        excess = len(self.connections) - self.bounds.max_connections
        if excess <= 0 or self.without_request.close_one():
            self.without_request.add(transport)
        elif excess > SPARE_CONNECTIONS:
            transport.abort()
        else:
            self._head_deadline.shorten(SPARE_HEAD_DEADLINE_S)
            message = f"{self.bounds.max_connections} connections are open already"
            self._refused = (HTTPStatus.SERVICE_UNAVAILABLE, message)  # of WebSockets
            self.app = reserved(self.app, message)
        self._head_deadline.start()

    def connection_lost(self, exc: Exception | None) -> None:
        self.without_request.discard(self.transport)
        self._head_deadline.stop()
        self._stall_deadline.stop()
        super().connection_lost(exc)
        # uvicorn tells the latest request only: an earlier one, still being answered, would go on for ever.
        for cycle in self._unanswered:
            if not cycle.response_complete:
                cycle.disconnected = True
            cycle.message_event.set()

    def data_received(self, data: bytes) -> None:
        if self._is_ended:
            return
        self._head_bytes += len(data)
        # Some callers end a body with an empty line.
        if not self._is_in_body and (not self._is_answering or data.strip(b"\r\n")):
            self._head_deadline.start()
        super().data_received(data)
        if self._is_in_body and not self._is_answering:  # uvicorn has stopped its own timer by what came
            self._head_deadline.start()
        if self._head_bytes > self.bounds.max_head_bytes:
            self._end(*self._too_large)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_deadline.start()

    def on_header(self, name: bytes, value: bytes) -> None:
        # A trailer must not become a header (RFC 9110, 6.5.1): what is in front of this server has not seen it as one.
        if not self._is_in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.without_request.discard(self.transport)
        self._head_deadline.stop()
        self._head_bytes = 0
        self._is_in_body = True
        self._require_one_message()
        if len(self.pipeline) >= self.bounds.max_pipelined:
            raise _Flood
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > self.bounds.max_head_bytes:
            self._refuse(*self._too_large)
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self._unanswered = [it for it in self._unanswered if not it.response_complete] + [self.cycle]
            if self.parser.should_upgrade():
                # It is not done, but the parser passes over what follows as if it were another protocol.
                self.cycle.keep_alive = False

    def _require_one_message(self) -> None:
        version, is_upgrade = self.parser.get_http_version(), self.parser.should_upgrade()
        try:
            require_one_message(version, self.url, self.headers, is_upgrade=is_upgrade)
        except Ambiguous as error:
            self._end(HTTPStatus.BAD_REQUEST, str(error))
            raise  # the parser stops

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_body = False
        self._head_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._refused is None and not self._is_answering and not self.transport.is_closing():
            self.without_request.add(self.transport)

    def handle_websocket_upgrade(self) -> None:
        if self._refused is not None:
            self._end(*self._refused)
        elif self._is_answering:
            self._end(HTTPStatus.BAD_REQUEST, "a WebSocket must wait for the answer to the request before it")
        else:
            super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        self._end(HTTPStatus.BAD_REQUEST, "this is not a request in HTTP/1.1")

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_deadline.start()

    def resume_writing(self) -> None:
        self._stall_deadline.stop()
        super().resume_writing()

    @property
    def _is_answering(self) -> bool:
        return any(not it.response_complete for it in self._unanswered)

    @property
    def _too_large(self) -> tuple[HTTPStatus, str]:
        message = f"the request's line and headers are larger than {self.bounds.max_head_bytes} bytes"
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message

    def _on_head_late(self) -> None:
        if self._head_bytes:
            message = f"the request's headers did not end within {self._head_deadline.after_s:g} s"
            self._end(HTTPStatus.REQUEST_TIMEOUT, message)
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answer whatever is asked here like this, and close the connection."""
        self._refused = (status, message)
        self.app = refusal(status, message, {"Connection": "close"})

    def _end(self, status: HTTPStatus, message: str) -> None:
        """Answer outside of any request; where another answer is under way the connection just ends."""
        if self._is_ended or self.transport.is_closing():
            return
        self._is_ended = True
        self._head_deadline.stop()
        if self._is_answering:
            self.transport.close()
            return
        answer = refusal(status, message, {"Connection": "close"})
        headers = b"".join(b"%b: %b\r\n" % header for header in answer.raw_headers)
        self.transport.write(
            b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, status.phrase.encode(), headers) + bytes(answer.body)
        )
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)


class _Flood(Exception):
    """More requests on one connection than wait for their answers; the parser stops and the connection ends."""


class _Deadline:
    """Something that is done unless it is stopped in time; to start it twice is to start it once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, after_s: float, act: Callable[[], None]) -> None:
        self._loop = loop
        self.after_s = after_s
        self._act = act
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(self.after_s, self._act)

    def shorten(self, after_s: float) -> None:
        self.after_s = min(self.after_s, after_s)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
