"""The client that blocks."""

import time
from collections.abc import Collection, Generator, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from hershy.domain.state import ProgramState

from . import _calls, _http, _parse
from ._lines import LineDecoder
from ._sse import EventDecoder
from .errors import ServerTimeout, ServerUnreachable, WaitTimeout
from .models import (
    CreatedProgram,
    MessageReceipt,
    ProgramAnswer,
    ProgramEvent,
    ProgramInfo,
    ProgramLogs,
    ProgramSource,
    ProxyInfo,
    Transition,
)
from .waiting import Verdict, Wait

T = TypeVar("T")

WAIT_SLICE_S = 2.0
"""While waiting, how long a silent event stream is listened to before the deadline is looked at again."""


class Client:
    """Calls a Host. Close it, or use it as a context manager; safe to share between threads.

    ``base_url`` defaults to HERSHY_URL, then ``http://127.0.0.1:9000``; anything but a URL raises ValueError.
    ``timeout`` bounds every call but the streams. Every method raises ApiError when the Host refuses (its
    subclasses tell why), ServerUnreachable when none answers and UnexpectedAnswer when something else does.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        timeout: timedelta = _http.DEFAULT_TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = _http.resolve_url(base_url)
        self._timeout = timeout
        self._client = httpx.Client(
            base_url=self.url,
            timeout=_http.answer_timeout(timeout),
            transport=transport,
            trust_env=_http.uses_environment(self.url),
        )

    def create_program(
        self,
        user_id: str,
        dockerfile: str,
        src_files: Mapping[str, str] | None = None,
        *,
        build_args: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        resources: Mapping[str, float] | None = None,
        restart_policy: str | Mapping[str, Any] | None = None,
    ) -> CreatedProgram:
        """Register a program; nothing is built before ``start``. Each call makes another program.

        ``src_files`` maps relative POSIX paths to text. ``resources`` takes cpus, memory_bytes, pids, open_files
        and log_bytes; ``restart_policy`` is ``no``, ``on-failure`` or ``always``, or a mapping with its details.
        Raises BadRequestError, TooLargeError, LimitReachedError.
        """
        program = _calls.NewProgram(
            user_id, dockerfile, src_files or {}, build_args, env, labels, resources, restart_policy
        )
        return self._send(_calls.create(program))

    def start(self, program_id: str) -> Transition:
        """Begin to build and run; returns at once, with the state before. Raises ConflictError if it is active."""
        return self._send(_calls.start(program_id))

    def stop(self, program_id: str) -> Transition:
        """Begin to stop, also a build under way; returns at once. Raises NotFoundError if it does not run."""
        return self._send(_calls.stop(program_id))

    def restart(self, program_id: str) -> Transition:
        """Begin to replace the container, keeping image and ``/state``. Raises NotFoundError if it does not run."""
        return self._send(_calls.restart(program_id))

    def get(self, program_id: str) -> ProgramInfo:
        """The program as it is now. Raises NotFoundError."""
        return self._send(_calls.get(program_id))

    def list(
        self,
        *,
        user_id: str | None = None,
        state: ProgramState | str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> tuple[ProgramInfo, ...]:
        """The programs that meet every criterion given, oldest first."""
        return self._send(_calls.list_programs(user_id, state, labels))

    def delete(self, program_id: str) -> None:
        """Stop the program if need be, and remove it with its files and its port. Raises NotFoundError."""
        self._send(_calls.delete(program_id))

    def logs(self, program_id: str, *, tail: int | None = None, stream: str | None = None) -> ProgramLogs:
        """The last ``tail`` lines of output, 200 by default; ``stream`` is stdout or stderr, both by default."""
        return self._send(_calls.logs(program_id, tail, stream))

    def build_log(self, program_id: str, *, tail: int | None = None) -> ProgramLogs:
        """The last ``tail`` lines of the last build's output."""
        return self._send(_calls.logs(program_id, tail, "build"))

    def follow_logs(
        self, program_id: str, *, tail: int | None = None, stream: str | None = None
    ) -> Generator[str, None, None]:
        """Yield the last ``tail`` lines and then each as it is written, until the container ends.

        Any silence is waited through. Closing the iterator (or leaving its loop by an exception) ends the request.
        """
        path, params = _calls.follow_path(program_id), _calls.follow_params(tail, stream)
        yield from self._lines(path, params, silence_s=None)

    def source(self, program_id: str) -> ProgramSource:
        """What the program was built from, ``Dockerfile`` included. Raises NotFoundError."""
        return self._send(_calls.source(program_id))

    def message(self, program_id: str, text: str) -> MessageReceipt:
        """Send a message to the program's Watcher. Raises UnavailableError unless the program is Ready."""
        return self._send(_calls.message(program_id, text))

    def request(
        self,
        program_id: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> ProgramAnswer:
        """Send any request to the program's 8080 and return its answer, whatever its status.

        The Host answers 503 in the program's stead while it is not Ready, 502 and 504 when it does not answer.
        """
        path = _calls.proxy_path(program_id, path)
        response, body = self._exchange(method, path, params=params, headers=headers, content=content)
        return ProgramAnswer(response.status_code, tuple(response.headers.multi_items()), body)

    def debug_proxy(self, program_id: str) -> ProxyInfo:
        """What the Host's proxy holds for the program. Raises NotFoundError."""
        return self._send(_calls.debug_proxy(program_id))

    def events(self, program_id: str) -> Generator[ProgramEvent, None, None]:
        """Yield the present state, then state changes and build output as they happen.

        Ends when the program is deleted or the Host closes. Once the first event is there, nothing after it is
        missed. Closing the iterator ends the request. Raises NotFoundError.
        """
        yield from self._events(program_id, _http.EVENTS_SILENCE_S)

    def wait_for(
        self,
        program_id: str,
        states: ProgramState | str | Collection[ProgramState | str],
        timeout: timedelta,
    ) -> ProgramInfo:
        """Return the program once it has reached one of ``states``; at once if it is there.

        Raises ProgramEnded as soon as it rests in Stopped or Error and that is not waited for, WaitTimeout at
        most two seconds after ``timeout``, NotFoundError when it is deleted.
        """
        wait = Wait.make(program_id, states)
        deadline = time.monotonic() + timeout.total_seconds()
        while (remaining := deadline - time.monotonic()) > 0:
            try:
                if self._listen(wait, deadline, min(remaining, WAIT_SLICE_S)):
                    return self.get(program_id)
            except ServerTimeout:
                continue  # silence; the next stream begins with the present state
        raise WaitTimeout(program_id, wait.wanted, timeout.total_seconds())

    def close(self) -> None:
        """Release the connections. Idempotent."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _listen(self, wait: Wait, deadline: float, silence_s: float) -> bool:
        """Whether the state was reached before the deadline, or before events were lost."""
        for event in self._events(wait.program_id, silence_s):
            verdict = wait.judge(event)
            if verdict is not Verdict.GO_ON:
                return verdict is Verdict.REACHED
            if time.monotonic() > deadline:
                return False
        raise ServerUnreachable(self.url, "the event stream ended")

    def _send(self, call: _calls.Call[T]) -> T:
        response, body = self._exchange(
            call.method, call.path, params=call.params, headers=call.headers, content=call.content
        )
        return call.read(response.status_code, body, self.url)

    def _exchange(self, method: str, path: str, **options: Any) -> tuple[httpx.Response, bytes]:
        with _http.translated(self.url), self._client.stream(method, path, **options) as response:
            return response, self._body(response)

    def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            _http.require_bounded(len(body), str(response.url))
        return bytes(body)

    def _events(self, program_id: str, silence_s: float) -> Generator[ProgramEvent, None, None]:
        decoder = EventDecoder()
        for line in self._lines(_calls.events_path(program_id), (), silence_s):
            if (completed := decoder.feed(line)) and (event := _parse.event(*completed)):
                yield event

    def _lines(self, path: str, params: _calls.Params, silence_s: float | None) -> Generator[str, None, None]:
        timeout = _http.stream_timeout(self._timeout, silence_s)
        decoder = LineDecoder()
        with (
            _http.translated(self.url),
            self._client.stream("GET", path, params=params, timeout=timeout) as response,
        ):
            if response.status_code >= 400:
                raise _parse.refusal(response.status_code, self._body(response))
            for chunk in response.iter_bytes():
                yield from decoder.feed(chunk)
            yield from decoder.flush()
