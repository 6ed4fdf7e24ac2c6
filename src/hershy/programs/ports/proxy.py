"""Proxy: callers reach a program's 8080 by HTTP and WebSocket."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from hershy.core.endpoint import Endpoint
from hershy.core.ids import ProgramID

Header = tuple[str, str]
"""Name and value as Latin-1 text, the way HTTP servers hand them over. A name may occur several times."""

Body = bytes | AsyncIterator[bytes]
"""The whole body, or its chunks as they come. The adapter that consumes an iterator does not close it."""


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """``target``: path and query as the caller sent them, percent-encoding untouched (``/a%2Fb?x=1``).

    ``headers`` come as received, hop-by-hop ones included; the adapter drops those. An iterated ``body`` is as long
    as its Content-Length says and is sent chunked without one; for GET, HEAD, OPTIONS, DELETE and TRACE it is sent
    only if the headers announce a body (Content-Length or Transfer-Encoding).
    """

    method: str
    target: str
    headers: Sequence[Header]
    body: Body = b""


class ResponseBody(Protocol):
    """Chunks as they come; an asynchronous generator is one. Iterate to the end or ``aclose``, which is idempotent."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def __anext__(self) -> Awaitable[bytes]: ...

    def aclose(self) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True)
class ProxyResponse:
    """The program's answer, hop-by-hop headers dropped, redirects and cookies untouched.

    ``body`` holds a connection until it has ended or is closed. It raises ProgramUnreachable when the program breaks
    off, and when the route is closed.
    """

    status: int
    headers: Sequence[Header]
    body: ResponseBody


@dataclass(frozen=True, slots=True)
class WebSocketClosed:
    """The program's closing frame; 1006 when the connection broke without one."""

    code: int
    reason: str = ""


class ProxyWebSocket(ABC):
    """An open WebSocket to a program."""

    subprotocol: str | None

    @abstractmethod
    async def send(self, message: str | bytes) -> None:
        """Send a text or binary message. Raises ProgramUnreachable when the connection is gone."""

    @abstractmethod
    async def receive(self) -> str | bytes | WebSocketClosed:
        """Wait for the next message; WebSocketClosed once the program has closed."""

    @abstractmethod
    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """Send a closing frame and release the connection. Idempotent; never raises."""


@dataclass(frozen=True, slots=True)
class ProxyRoute:
    """What the proxy holds for a program: where it goes, since when, and how much has passed.

    ``requests`` counts exchanges begun, WebSockets included; ``active`` those of them under way. ``last_used_at`` is
    when the latest exchange began or ended, ``opened_at`` before any; frames of an open WebSocket don't move it. So a
    program is idle since ``last_used_at`` while ``active`` is 0. Probes count nowhere.
    """

    program_id: ProgramID
    endpoint: Endpoint
    opened_at: datetime
    requests: int
    active: int
    last_used_at: datetime


class Proxy(ABC):
    """Routes by program. It can reach a program's own endpoint and nothing else."""

    @abstractmethod
    async def open(self, program_id: ProgramID, endpoint: Endpoint) -> None:
        """Begin to route; an open route to another endpoint is replaced, as by ``close``. Idempotent."""

    @abstractmethod
    async def close(self, program_id: ProgramID) -> None:
        """End the route; requests and WebSockets under way are cut (ProgramUnreachable, 1006). Idempotent."""

    @abstractmethod
    def route(self, program_id: ProgramID) -> ProxyRoute | None:
        """The open route of this program, or None."""

    @abstractmethod
    async def probe(self, endpoint: Endpoint, timeout: timedelta, path: str | None = None) -> bool:
        """Whether one HTTP exchange there completes within ``timeout``; any status counts. Never raises.

        A TCP connection alone proves nothing: the engine's forwarder accepts before the program listens.

        With ``path`` (and query, percent-encoded), whether a GET of it is answered by 200 to 399 within ``timeout``:
        the answer's head suffices, its body is dropped, redirects are not followed. False for a path that HTTP
        cannot carry.
        """

    @abstractmethod
    async def request(self, program_id: ProgramID, request: ProxyRequest) -> ProxyResponse:
        """Send a request and return as soon as the answer's headers are there; the bodies stream both ways.

        Raises ProgramNotReady without an open route (nothing was sent), ProgramUnreachable when the connection
        fails or the answer is not HTTP, ProgramTimeout when no answer begins within the adapter's deadline after
        the last piece of the request was sent, InvalidValue for a method, target or header that HTTP cannot carry.
        Cancelling drops the connection.
        """

    @abstractmethod
    async def connect_websocket(
        self, program_id: ProgramID, target: str, headers: Sequence[Header], subprotocols: Sequence[str]
    ) -> ProxyWebSocket:
        """Open a WebSocket. Raises as ``request``; ProgramUnreachable too when the program refuses the upgrade."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close every route. Idempotent; releases also when it fails."""
