"""The client that blocks."""

import time
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Unpack

from hershy.builds.spec import PathLike
from hershy.core.ids import UserID
from hershy.errors import DeadlineExceeded, HostTimeout, HostUnreachable, Unavailable, WaitTimeout
from hershy.programs.domain import patience
from hershy.programs.domain.answers import MessageReceipt, ProgramAnswer, RequestParts
from hershy.programs.domain.state import ProgramState
from hershy.sandbox.domain.result import SandboxResult
from hershy.wire import (
    BulkResult,
    CreatedProgram,
    DeletedEvent,
    JournalInfo,
    LogsInfo,
    NewProgram,
    ProgramEvent,
    ProgramInfo,
    ProgramSource,
    ProxyInfo,
    RiskInfo,
    StatsInfo,
    Transition,
)

from . import _calls, _http, _sandbox_calls
from ._blocking import BlockingConnection
from ._deploying import Progress, pass_over, registration
from ._handle import WAIT_SLICE_S, BlockingProgramHandle, start_and_wait
from ._resuming import STREAM_ENDED, Resuming
from .options import DeployOptions, ProgramCriteria, RunOptions
from .waiting import Wait, WaitStep


class Client(BlockingConnection):
    """Calls a Host. Close it, or use it as a context manager; safe to share between threads.

    ``base_url`` defaults to HERSHY_URL, then ``http://127.0.0.1:9000``; anything but a URL raises ValueError.
    ``token`` is an API token of the Host, HERSHY_TOKEN by default; a Host that asks for none is sent it all the same.
    ``timeout`` bounds every call but the streams. Every method raises what the Host has raised
    (``hershy.errors``), HostUnreachable when none answers and UnexpectedAnswer when something else does.
    """

    def create_program(
        self,
        user_id: str,
        dockerfile: str,
        src_files: Mapping[str, str] | None = None,
        **options: Unpack[DeployOptions],
    ) -> CreatedProgram:
        """Register a program; nothing is built before ``start``. Each call makes another program.

        ``src_files`` maps relative POSIX paths to text. ``resources`` takes cpus, memory_bytes, pids, open_files
        and log_bytes; ``restart_policy`` is ``no``, ``on-failure`` or ``always``, or a mapping with its details;
        ``health_check`` True for the defaults, or a mapping with path, interval_s, timeout_s and failures. ``ttl``
        after its registration the program is deleted; ``idle_timeout`` after the last request to it, stopped.
        With ``egress`` ``none`` it reaches nothing, and is still reached. ``description`` is text for people.
        Raises InvalidValue, TooLarge, QuotaExceeded; InvalidValue, with nothing sent, for an unknown name.
        """
        return self._send(_calls.create(NewProgram(user_id, dockerfile, src_files or {}, **options)))

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

    def create_programs(self, programs: Iterable[NewProgram]) -> Sequence[CreatedProgram]:
        """Register several programs, all or none; at most 100. Raises as ``create_program``, naming it by its index."""
        return self._send(_calls.create_many(programs))

    def start(self, program_id: str) -> Transition:
        """Begin to build and run; returns at once, with the state before. Raises IllegalTransition if it is active."""
        return self._send(_calls.start(program_id))

    def stop(self, program_id: str) -> Transition:
        """Begin to stop, also a build under way; returns at once. Raises ProgramNotRunning if it does not run."""
        return self._send(_calls.stop(program_id))

    def restart(self, program_id: str) -> Transition:
        """Begin to replace the container, keeping image and ``/state``. Raises ProgramNotRunning if it does not run."""
        return self._send(_calls.restart(program_id))

    def get(self, program_id: str) -> ProgramInfo:
        """The program as it is now. Raises ProgramNotFound."""
        return self._send(_calls.get(program_id))

    def list(self, *, text: str | None = None, **criteria: Unpack[ProgramCriteria]) -> tuple[ProgramInfo, ...]:
        """The programs that meet every criterion given, oldest first.

        ``text`` is part of the description, the id, the user or a label, whatever its case.
        """
        return self._send(_calls.list_programs(text, **criteria))

    def delete(self, program_id: str) -> None:
        """Stop the program if need be, and remove it with its files and its port. Raises ProgramNotFound."""
        self._send(_calls.delete(program_id))

    def start_all(self, **criteria: Unpack[ProgramCriteria]) -> Sequence[BulkResult]:
        """``start`` every program that meets all criteria given, with a result for each.

        One that is refused stops no other. Raises InvalidValue when no criterion is given.
        """
        return self._send(_calls.bulk("start", **criteria))

    def stop_all(self, **criteria: Unpack[ProgramCriteria]) -> Sequence[BulkResult]:
        """``stop`` every program that meets all criteria given, as ``start_all``."""
        return self._send(_calls.bulk("stop", **criteria))

    def restart_all(self, **criteria: Unpack[ProgramCriteria]) -> Sequence[BulkResult]:
        """``restart`` every program that meets all criteria given, as ``start_all``."""
        return self._send(_calls.bulk("restart", **criteria))

    def delete_all(self, **criteria: Unpack[ProgramCriteria]) -> Sequence[BulkResult]:
        """``delete`` every program that meets all criteria given, as ``start_all``; returns when all are gone."""
        return self._send(_calls.bulk("delete", **criteria))

    def logs(
        self,
        program_id: str,
        *,
        tail: int | None = None,
        stream: str | None = None,
        since: _calls.Since | None = None,
    ) -> LogsInfo:
        """The last ``tail`` lines of output, 200 by default; ``stream`` is stdout or stderr, both by default.

        ``since``: nothing older than a moment, than so long ago, or than what the Host reads (``10m``, RFC 3339).
        """
        return self._send(_calls.logs(program_id, tail, stream, since))

    def build_log(self, program_id: str, *, tail: int | None = None) -> LogsInfo:
        """The last ``tail`` lines of the last build's output."""
        return self._send(_calls.logs(program_id, tail, "build"))

    def follow_logs(
        self,
        program_id: str,
        *,
        tail: int | None = None,
        stream: str | None = None,
        since: _calls.Since | None = None,
    ) -> Generator[str, None, None]:
        """Yield the last ``tail`` lines and then each as it is written, until the container ends.

        Waits for the container of a program that is on its way to one. ``stream`` may be ``build``: until that ends.

        Any silence is waited through. Closing the iterator (or leaving its loop by an exception) ends the request.
        """
        path, params = _calls.follow_path(program_id), _calls.follow_params(tail, stream, since)
        yield from self._lines(path, params, silence_s=None)

    def stats(self, program_id: str) -> StatsInfo:
        """What the program uses of the machine. Takes about 0.2 s while it runs. Raises ProgramNotFound."""
        return self._send(_calls.stats(program_id))

    def journal(self, program_id: str, *, after: int | None = None, limit: int | None = None) -> Sequence[JournalInfo]:
        """What has happened to the program, oldest first: the first ``limit`` entries above the id ``after``.

        Without ``after`` the newest; 200 by default. A deleted program is found for a while. Raises ProgramNotFound.
        """
        return self._send(_calls.journal(program_id, after, limit))

    def source(self, program_id: str) -> ProgramSource:
        """What the program was built from, ``Dockerfile`` included. Raises ProgramNotFound."""
        return self._send(_calls.source(program_id))

    def message(self, program_id: str, text: str) -> MessageReceipt:
        """Send a message to the program's Watcher. Raises ProgramNotReady unless the program is Ready."""
        return self._send(_calls.message(program_id, text))

    def request(self, program_id: str, method: str, path: str, **parts: Unpack[RequestParts]) -> ProgramAnswer:
        """Send any request to the program's 8080 and return its answer, whatever its status.

        The Host answers 503 in the program's stead while it is not Ready, 502 and 504 when it does not answer.
        """
        path = _calls.proxy_path(program_id, path)
        response, body = self._exchange(method, path, **parts)
        return ProgramAnswer(response.status_code, tuple(response.headers.multi_items()), body)

    def run_code(self, code: str | None = None, **options: Unpack[RunOptions]) -> SandboxResult:
        """Run Python ``code``, or a ``command`` of an image, once in a sandbox, and return how it has ended.

        ``files`` (by relative POSIX path) are laid into its working directory, and ``collect`` names those to bring
        back, ``.`` all. ``limits`` takes timeout_s, cpus, memory_bytes, pids, open_files, output_bytes, work_bytes and
        files_bytes. Code that scores ``threshold`` or more, by default the Host's, is refused, unless ``check`` is
        False. What the code does is never raised. Waits for its turn, beyond its own timeout for some minutes. Raises
        InvalidValue, ImageNotFound for an image that the Host does not have, QuotaExceeded, Unavailable.
        """
        return self._send(_sandbox_calls.run(code, **options))

    def score_code(self, code: str | None = None, *, files: Mapping[str, bytes | str] | None = None) -> RiskInfo:
        """How risky Python ``code``, or the Python among ``files``, looks. Runs nothing. Raises InvalidValue."""
        return self._send(_sandbox_calls.score(code, files or {}))

    def debug_proxy(self, program_id: str) -> ProxyInfo:
        """What the Host's proxy holds for the program. Raises ProgramNotFound."""
        return self._send(_calls.debug_proxy(program_id))

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
