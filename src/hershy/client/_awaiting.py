"""What the client for asyncio stands on: its connections, and how an answer or a stream is read from one."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from hershy.wire import ProgramEvent

from . import _calls, _http, _parse
from ._lines import LineDecoder
from ._resuming import Resuming
from ._sse import EventDecoder, is_comment

T = TypeVar("T")


class AsyncConnection:
    """Sends calls to one Host; arguments and errors are those of ``Client``."""

    def __init__(
        self,
        base_url: str | None = None,
        *,
        token: str | None = None,
        timeout: timedelta = _http.DEFAULT_TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = _http.resolve_url(base_url)
        self._timeout = timeout
        self._client = httpx.AsyncClient(
            base_url=self.url,
            headers=_http.resolve_headers(token),
            timeout=_http.answer_timeout(timeout),
            transport=transport,
            trust_env=_http.uses_environment(self.url),
        )

    async def aclose(self) -> None:
        """Release the connections. Idempotent."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _send(self, call: _calls.Call[T]) -> T:
        response, body = await self._exchange(
            call.method,
            call.path,
            params=call.params,
            headers=call.headers,
            content=call.content,
            timeout=_http.answer_timeout(max(self._timeout, call.least_timeout)),
            most=call.max_answer_bytes,
        )
        return call.read(response.status_code, response.headers, body, self.url)

    async def _exchange(
        self, method: str, path: str, *, most: int | None = None, **options: Any
    ) -> tuple[httpx.Response, bytes]:
        with _http.translated(self.url):
            async with self._client.stream(method, path, **options) as response:
                return response, await self._body(response, most)

    async def _body(self, response: httpx.Response, most: int | None = None) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            _http.require_bounded(len(body), str(response.url), most)
        return bytes(body)

    async def _events(self, program_id: str | None, resuming: Resuming) -> AsyncGenerator[ProgramEvent, None]:
        """Of one connection."""
        decoder = EventDecoder()
        lines = self._lines(_calls.events_path(program_id), (), _http.EVENTS_SILENCE_S, resuming.headers)
        async with aclosing(lines):
            async for line in lines:
                completed = decoder.feed(line)
                resuming.heard(decoder.last_id, is_sign_of_life=completed is not None or is_comment(line))
                if completed and (event := _parse.event(*completed)):
                    yield event

    async def _lines(
        self, path: str, params: _calls.Params, silence_s: float | None, headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[str, None]:
        timeout = _http.stream_timeout(self._timeout, silence_s)
        decoder = LineDecoder()
        with _http.translated(self.url):
            async with self._client.stream("GET", path, params=params, headers=headers, timeout=timeout) as response:
                if response.status_code >= 400:
                    raise _parse.refusal(response.status_code, response.headers, await self._body(response))
                async for chunk in response.aiter_bytes():
                    for line in decoder.feed(chunk):
                        yield line
                for line in decoder.flush():
                    yield line
