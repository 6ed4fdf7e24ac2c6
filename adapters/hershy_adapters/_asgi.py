"""An httpx transport that calls an ASGI application in this process, streaming both ways."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx

from hershy.programs.ports.api_server import ASGIApp, Message

MAX_WAITING_CHUNKS = 16
"""Pieces of an answer held until they are read; the application waits beyond that, as on a socket."""


class AsgiTransport(httpx.AsyncBaseTransport):
    """Unlike httpx's own it gives an answer as soon as its headers are there, so that event streams can be read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.is_listening = True
        self.exchanges: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self.is_listening:
            raise httpx.ConnectError("the in-memory server is not listening", request=request)
        exchange = _Exchange(request)
        task = asyncio.ensure_future(exchange.run(self._app))
        self.exchanges.add(task)
        task.add_done_callback(self.exchanges.discard)
        try:
            start = await exchange.started
        except BaseException:
            exchange.disconnect()
            raise
        return httpx.Response(start["status"], headers=start["headers"], stream=_Stream(exchange))


class _Exchange:
    def __init__(self, request: httpx.Request) -> None:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        self._request = request
        self._upload = aiter(request.stream)
        self._uploaded = False
        self._gone = asyncio.Event()
        self._is_complete = False
        self.started: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.chunks: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_WAITING_CHUNKS)

    def disconnect(self) -> None:
        self._gone.set()

    async def run(self, app: ASGIApp) -> None:
        failure: BaseException | None = None
        try:
            await app(self._scope(), self._receive, self._send)
        except (Exception, asyncio.CancelledError) as error:
            failure = error
        if not self.started.done():
            refused = httpx.RemoteProtocolError("the application ended without an answer", request=self._request)
            refused.__cause__ = failure
            self.started.set_exception(refused)
        if not self._is_complete:
            self.disconnect()

    async def read(self) -> bytes | None:
        """The next piece of the answer, None at its end."""
        chunk = asyncio.ensure_future(self.chunks.get())
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({chunk, gone}, return_when=asyncio.FIRST_COMPLETED)
            if chunk.done():
                return chunk.result()
        finally:
            chunk.cancel()
            gone.cancel()
        raise httpx.RemoteProtocolError("the answer was broken off", request=self._request)

    def _scope(self) -> dict[str, Any]:
        url = self._request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self._request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "client": ("127.0.0.1", 1),
            "server": (url.host, url.port or 80),
        }

    async def _receive(self) -> Message:
        if not self._uploaded:
            chunk = await anext(self._upload, None)
            self._uploaded = chunk is None
            return {"type": "http.request", "body": chunk or b"", "more_body": not self._uploaded}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._gone.is_set():
            return
        if message["type"] == "http.response.start":
            self.started.set_result(message)
            return
        body = message.get("body", b"")
        if body and self._request.method != "HEAD":
            await self._put(body)
        if not message.get("more_body", False):
            self._is_complete = True
            await self._put(None)

    async def _put(self, chunk: bytes | None) -> None:
        putting = asyncio.ensure_future(self.chunks.put(chunk))
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({putting, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            putting.cancel()
            gone.cancel()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._exchange.read()) is not None:
            yield chunk

    async def aclose(self) -> None:
        self._exchange.disconnect()
