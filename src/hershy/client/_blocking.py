"""What the blocking client stands on: its connections, and how an answer or a stream is read from one."""

from collections.abc import Generator, Mapping
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


class BlockingConnection:
    """Sends calls to one Host; see ``Client`` for the arguments and for what is raised."""

    def __init__(
        self,
        base_url: str | None = None,
        *,
        token: str | None = None,
        timeout: timedelta = _http.DEFAULT_TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = _http.resolve_url(base_url)
        self._timeout = timeout
        self._client = httpx.Client(
            base_url=self.url,
            headers=_http.resolve_headers(token),
            timeout=_http.answer_timeout(timeout),
            transport=transport,
            trust_env=_http.uses_environment(self.url),
        )

    def close(self) -> None:
        """Release the connections. Idempotent."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, call: _calls.Call[T]) -> T:
        response, body = self._exchange(
            call.method,
            call.path,
            params=call.params,
            headers=call.headers,
            content=call.content,
            timeout=_http.answer_timeout(max(self._timeout, call.least_timeout)),
            most=call.max_answer_bytes,
        )
        return call.read(response.status_code, response.headers, body, self.url)

    def _exchange(
        self, method: str, path: str, *, most: int | None = None, **options: Any
    ) -> tuple[httpx.Response, bytes]:
        with _http.translated(self.url), self._client.stream(method, path, **options) as response:
            return response, self._body(response, most)

    def _body(self, response: httpx.Response, most: int | None = None) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            _http.require_bounded(len(body), str(response.url), most)
        return bytes(body)

    def _events(
        self, program_id: str | None, silence_s: float, resuming: Resuming
    ) -> Generator[ProgramEvent, None, None]:
        """Of one connection."""
        decoder = EventDecoder()
        for line in self._lines(_calls.events_path(program_id), (), silence_s, resuming.headers):
            completed = decoder.feed(line)
            resuming.heard(decoder.last_id, is_sign_of_life=completed is not None or is_comment(line))
            if completed and (event := _parse.event(*completed)):
                yield event

    def _lines(
        self, path: str, params: _calls.Params, silence_s: float | None, headers: Mapping[str, str] | None = None
    ) -> Generator[str, None, None]:
        timeout = _http.stream_timeout(self._timeout, silence_s)
        decoder = LineDecoder()
        with (
            _http.translated(self.url),
            self._client.stream("GET", path, params=params, headers=headers, timeout=timeout) as response,
        ):
            if response.status_code >= 400:
                raise _parse.refusal(response.status_code, response.headers, self._body(response))
            for chunk in response.iter_bytes():
                yield from decoder.feed(chunk)
            yield from decoder.flush()
