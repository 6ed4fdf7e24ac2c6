"""InMemoryProgram: what runs in an in-memory container, answering WatcherAPI calls without a socket."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType

from hershy.core.clock import Clock
from hershy.core.ids import ProgramID
from hershy.programs.ports.proxy import Body, Header, ProxyRequest, ProxyResponse, ProxyWebSocket
from hershy.programs.ports.runtime import LogStream

from .watcher_api import WatcherApi
from .websocket import InMemoryWebSocket, Reply, echo

Handler = Callable[[ProxyRequest], Awaitable[ProxyResponse]]
LogSink = Callable[[LogStream, str], None]


def answer(status: int, content: bytes, content_type: str = "text/plain; charset=utf-8") -> ProxyResponse:
    """A whole response, for handlers given to ``InMemoryProgram.respond``."""
    headers = (("content-type", content_type), ("content-length", str(len(content))))
    return ProxyResponse(status, headers, _chunks(content))


def answer_json(status: int, value: object) -> ProxyResponse:
    """The same, of a value that JSON can carry."""
    return answer(status, json.dumps(value, separators=(",", ":")).encode(), "application/json")


async def whole(body: Body) -> bytes:
    """Read a request's body to its end."""
    return body if isinstance(body, bytes) else b"".join([chunk async for chunk in body])


class InMemoryProgram:
    """Serves the WatcherAPI with the shapes of the wire contract, and a WebSocket echo on every path.

    Messages are kept in ``messages``, oldest first, and echoed to its log. ``respond`` puts other behaviour in
    place of a call or adds one.
    """

    def __init__(
        self,
        program_id: ProgramID,
        clock: Clock,
        env: Mapping[str, str] = MappingProxyType({}),
        on_log: LogSink = lambda stream, text: None,
    ) -> None:
        self.program_id = program_id
        self.env = MappingProxyType(dict(env))
        self.on_log = on_log
        self.on_websocket_message: Reply = echo
        self.messages: list[str] = []
        self._api = WatcherApi(program_id, clock, self.env)
        self._handlers: dict[tuple[str, str], Handler] = {}

    def log(self, text: str, stream: LogStream = LogStream.STDOUT) -> None:
        """Write one line to the container's output."""
        self.on_log(stream, text)

    def respond(self, method: str, path: str, handler: Handler) -> None:
        """Answer this method and path (as sent, without its query) by ``handler`` from now on."""
        self._handlers[method, path] = handler

    async def handle(self, request: ProxyRequest) -> ProxyResponse:
        path, _, query = request.target.partition("?")
        handler = self._handlers.get((request.method, path))
        if handler is not None:
            return await handler(request)
        if path == "/watcher/message" and request.method == "POST":
            return self._take_message(await whole(request.body))
        method = "GET" if request.method == "HEAD" else request.method
        status, value = self._api.call(method, path, query)
        response = answer_json(status, value)
        if request.method == "HEAD":
            return ProxyResponse(response.status, response.headers, _chunks(b""))
        return response

    async def connect_websocket(
        self, target: str, headers: Sequence[Header], subprotocols: Sequence[str]
    ) -> ProxyWebSocket:
        """Accept with the first subprotocol offered; ``on_websocket_message`` answers each message."""
        return InMemoryWebSocket(subprotocols[0] if subprotocols else None, self.on_websocket_message)

    def _take_message(self, body: bytes) -> ProxyResponse:
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError):
            return answer_json(HTTPStatus.BAD_REQUEST, {"error": "invalid request body"})
        content = parsed.get("content") if isinstance(parsed, dict) else None
        if not isinstance(content, str) or not content:
            return answer_json(HTTPStatus.BAD_REQUEST, {"error": "message content cannot be empty"})
        self.messages.append(content)
        self._api.record_message(content)
        self.log(f"message: {content}")
        return answer_json(HTTPStatus.OK, {"status": "message sent"})


async def _chunks(content: bytes) -> AsyncGenerator[bytes, None]:
    if content:
        yield content
