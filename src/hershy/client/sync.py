"""The client that blocks."""

import time
from collections.abc import Collection, Generator
from datetime import timedelta
from typing import Unpack

from hershy.builds.spec import PathLike
from hershy.core.ids import UserID
from hershy.errors import DeadlineExceeded, HostTimeout, HostUnreachable, Unavailable, WaitTimeout
from hershy.programs.domain import patience
from hershy.programs.domain.answers import ProgramAnswer, RequestParts
from hershy.programs.domain.state import ProgramState
from hershy.wire import (
    DeletedEvent,
    ProgramEvent,
    ProgramInfo,
)

from . import _calls, _http, _sandbox_calls
from ._blocking import BlockingConnection
from ._deploying import Progress, pass_over, registration
from ._handle import WAIT_SLICE_S, BlockingProgramHandle, start_and_wait
from ._resuming import STREAM_ENDED, Resuming
from ._sent import blocking
from .options import DeployOptions, LogOptions
from .waiting import Wait, WaitStep


class Client(BlockingConnection):
    """Calls a Host. Close it, or use it as a context manager; safe to share between threads.

    ``base_url`` defaults to HERSHY_URL, then ``http://127.0.0.1:9000``; anything but a URL raises ValueError.
    ``token`` is an API token of the Host, HERSHY_TOKEN by default; a Host that asks for none is sent it all the same.
    ``timeout`` bounds every call but the streams. Every method raises what the Host has raised
    (``hershy.errors``), HostUnreachable when none answers and UnexpectedAnswer when something else does.
    """

    create_program = blocking(_calls.create_program)
    create_programs = blocking(_calls.create_programs)
    start = blocking(_calls.start)
    stop = blocking(_calls.stop)
    restart = blocking(_calls.restart)
    get = blocking(_calls.get)
    list = blocking(_calls.list_programs)
    delete = blocking(_calls.delete)
    start_all = blocking(_calls.start_all)
    stop_all = blocking(_calls.stop_all)
    restart_all = blocking(_calls.restart_all)
    delete_all = blocking(_calls.delete_all)
    logs = blocking(_calls.logs)
    build_log = blocking(_calls.build_log)
    stats = blocking(_calls.stats)
    journal = blocking(_calls.journal)
    source = blocking(_calls.source)
    message = blocking(_calls.message)
    run_code = blocking(_sandbox_calls.run_code)
    score_code = blocking(_sandbox_calls.score_code)
    debug_proxy = blocking(_calls.debug_proxy)

    def deploy(
        self,
        directory: str | PathLike,
        *,
        user: UserID | str,
        timeout: timedelta = patience.STARTING,
        progress: Progress = pass_over,
        **options: Unpack[DeployOptions],
    ) -> BlockingProgramHandle:
        """Register the program in a directory, start it, and return it once it is Ready.

        It goes on until it is deleted. Takes the Dockerfile and every other file that ``.dockerignore`` leaves in (and
        nothing of .git). ``progress`` is called with every event meanwhile; ``options`` are those of
        ``create_program``. Raises UnfitDirectory and InvalidValue with nothing sent, what ``create_program`` and
        ``start`` raise, ProgramFailed, WaitTimeout; of the last two the program is left, to be looked at.
        """
        created = self._send(registration(directory, user, options))
        start_and_wait(self, created.program_id, timeout, progress)
        return self.program(created.program_id)

    def program(self, program_id: str) -> BlockingProgramHandle:
        """A handle of the program. Raises ProgramNotFound."""
        return BlockingProgramHandle(self, self.get(program_id))

    def follow_logs(self, program_id: str, **options: Unpack[LogOptions]) -> Generator[str, None, None]:
        """Yield the last ``tail`` lines and then each as it is written, until the container ends.

        Waits for the container of a program that is on its way to one. ``stream`` may be ``build``: until that ends.

        Any silence is waited through. Closing the iterator (or leaving its loop by an exception) ends the request.
        """
        path, params = _calls.follow(program_id, **options)
        yield from self._lines(path, params, silence_s=None)

    def request(self, program_id: str, method: str, path: str, **parts: Unpack[RequestParts]) -> ProgramAnswer:
        """Send any request to the program's 8080 and return its answer, whatever its status.

        The Host answers 503 in the program's stead while it is not Ready, 502 and 504 when it does not answer.
        """
        path = _calls.proxy_path(program_id, path)
        response, body = self._exchange(method, path, **parts)
        return ProgramAnswer(response.status_code, tuple(response.headers.multi_items()), body)

    def events(self, program_id: str | None = None, *, after: int | None = None) -> Generator[ProgramEvent, None, None]:
        """Yield what happens to a program, beginning with its present state; or to all, from now on.

        ``after`` the id of an event: begin with what has happened since. When the connection breaks, it is made
        anew, and nothing is missed but build output; HostUnreachable is raised when that fails for half a minute.
        Ends when the program is deleted. Closing the iterator ends the request. Raises ProgramNotFound.
        """
        resuming = Resuming(after)
        while True:
            try:
                for event in self._events(program_id, _http.EVENTS_SILENCE_S, resuming):
                    yield event
                    if program_id is not None and isinstance(event, DeletedEvent):
                        return
                raise HostUnreachable(self.url, STREAM_ENDED)
            except (Unavailable, DeadlineExceeded) as failure:
                time.sleep(resuming.delay_s(failure))

    def wait_for(
        self,
        program_id: str,
        states: ProgramState | str | Collection[ProgramState | str],
        timeout: timedelta,
    ) -> ProgramInfo:
        """Return the program once it has reached one of ``states``; at once if it is there.

        Raises ProgramFailed as soon as it rests in Stopped or Error and that is not waited for, WaitTimeout at
        most two seconds after ``timeout``, ProgramNotFound when it is deleted.
        """
        wait = Wait.make(program_id, states)
        deadline = time.monotonic() + timeout.total_seconds()
        while (remaining := deadline - time.monotonic()) > 0:
            try:
                if self._listen(wait, deadline, min(remaining, WAIT_SLICE_S)):
                    return self.get(program_id)
            except HostTimeout:
                continue  # silence; the next stream begins with the present state
        raise WaitTimeout(program_id, wait.wanted, timeout.total_seconds())

    def _listen(self, wait: Wait, deadline: float, silence_s: float) -> bool:
        """Whether the state was reached before the deadline, or before events were lost."""
        for event in self._events(wait.program_id, silence_s, Resuming(None)):
            verdict = wait.judge(event)
            if verdict is not WaitStep.GO_ON:
                return verdict is WaitStep.REACHED
            if time.monotonic() > deadline:
                return False
        raise HostUnreachable(self.url, STREAM_ENDED)
