"""The Host API as data: each function makes a ``Call``, which both transports carry out the same way."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar, Unpack
from urllib.parse import quote

from hershy.errors import ProgramNotFound, UnexpectedAnswer
from hershy.programs.domain.answers import MessageReceipt
from hershy.wire import (
    BulkResult,
    BulkResults,
    CreatedProgram,
    CreatedPrograms,
    Criteria,
    Journal,
    JournalInfo,
    LogsInfo,
    NewProgram,
    NewPrograms,
    ProgramInfo,
    ProgramList,
    ProgramSource,
    ProxyInfo,
    StatsInfo,
    Transition,
    read_answer,
    written,
)

from . import _parse
from .options import DeployOptions, LogOptions, ProgramCriteria

T = TypeVar("T")
Params = tuple[tuple[str, str], ...]

BULK_TIMEOUT = timedelta(minutes=30)
"""At the least, of a request for many programs: a thousand that all ignore SIGTERM take that long to delete."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and how its JSON answer is read."""

    method: str
    path: str
    parse: Callable[[Any], T]
    params: Params = ()
    body: Mapping[str, Any] | None = None
    least_timeout: timedelta = timedelta()
    max_answer_bytes: int | None = None

    def read(self, status: int, headers: Mapping[str, str], content: bytes, url: str) -> T:
        """The answer as a value. Raises HershyError for a refusal, UnexpectedAnswer for what is not this API's."""
        data = _parse.document(status, headers, content, f"{self.method} {url}{self.path}")
        try:
            return self.parse(data)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise UnexpectedAnswer(
                f"the answer of {self.method} {url}{self.path} is not what the Host API promises: {error!r}"
            ) from error

    @property
    def content(self) -> bytes | None:
        return None if self.body is None else json.dumps(self.body).encode()

    @property
    def headers(self) -> Mapping[str, str]:
        return {} if self.body is None else {"content-type": "application/json"}


def answered(of: type[T]) -> Callable[[Any], T]:
    """How the answer is read as a dataclass of the wire."""
    return partial(read_answer, of)


def program_path(program_id: str, rest: str = "") -> str:
    """Raises ProgramNotFound for what cannot be one segment of a path: it would address something else."""
    if not program_id or not program_id.strip("."):
        raise ProgramNotFound(repr(program_id))
    return f"/programs/{quote(program_id, safe='')}{rest}"


def create(program: NewProgram) -> Call[CreatedProgram]:
    return Call("POST", "/programs", answered(CreatedProgram), body=written(program))


def create_program(
    user_id: str, dockerfile: str, src_files: Mapping[str, str] | None = None, **options: Unpack[DeployOptions]
) -> Call[CreatedProgram]:
    """Register a program; nothing is built before ``start``. Each call makes another program.

    ``src_files`` maps relative POSIX paths to text. ``resources`` takes cpus, memory_bytes, pids, open_files,
    log_bytes, state_bytes, state_entries and scratch_bytes; ``restart_policy`` is ``no``, ``on-failure`` or
    ``always``, or a mapping with its details; ``health_check`` True for the defaults, or a mapping with path,
    interval_s, timeout_s and failures. ``ttl`` after its registration the program is deleted; ``idle_timeout`` after
    the last request to it, stopped. With ``egress`` ``none`` it reaches nothing, and is still reached. ``description``
    is text for people.
    Raises InvalidValue, TooLarge, QuotaExceeded; InvalidValue, with nothing sent, for an unknown name.
    """
    return create(NewProgram(user_id, dockerfile, src_files or {}, **options))


def create_programs(programs: Iterable[NewProgram]) -> Call[Sequence[CreatedProgram]]:
    """Register several programs, all or none; at most 100. Raises as ``create_program``, naming it by its index."""
    body = written(NewPrograms(tuple(programs)))
    return Call("POST", "/bulk/programs", lambda data: read_answer(CreatedPrograms, data).programs, body=body)


def start(program_id: str) -> Call[Transition]:
    """Begin to build and run; returns at once, with the state before. Raises IllegalTransition if it is active."""
    return Call("POST", program_path(program_id, "/start"), answered(Transition))


def stop(program_id: str) -> Call[Transition]:
    """Begin to stop, also a build under way; returns at once. Raises ProgramNotRunning if it does not run."""
    return Call("POST", program_path(program_id, "/stop"), answered(Transition))


def restart(program_id: str) -> Call[Transition]:
    """Begin to replace the container, keeping image and ``/state``. Raises ProgramNotRunning if it does not run."""
    return Call("POST", program_path(program_id, "/restart"), answered(Transition))


def get(program_id: str) -> Call[ProgramInfo]:
    """The program as it is now. Raises ProgramNotFound."""
    return Call("GET", program_path(program_id), answered(ProgramInfo))


def list_programs(*, text: str | None = None, **criteria: Unpack[ProgramCriteria]) -> Call[tuple[ProgramInfo, ...]]:
    """The programs that meet every criterion given, oldest first.

    ``text`` is part of the description, the id, the user or a label, whatever its case.
    """
    labels = (("label", f"{name}={value}") for name, value in (criteria.get("labels") or {}).items())
    params = _given(("user_id", criteria.get("user_id")), ("state", criteria.get("state")), *labels, ("q", text))
    return Call("GET", "/programs", lambda data: tuple(read_answer(ProgramList, data).programs), params=params)


def delete(program_id: str) -> Call[None]:
    """Stop the program if need be, and remove it with its files and its port. Raises ProgramNotFound."""
    return Call("DELETE", program_path(program_id), _parse.nothing)


def start_all(**criteria: Unpack[ProgramCriteria]) -> Call[Sequence[BulkResult]]:
    """``start`` every program that meets all criteria given, with a result for each.

    One that is refused stops no other. Raises InvalidValue when no criterion is given.
    """
    return _bulk("start", **criteria)


def stop_all(**criteria: Unpack[ProgramCriteria]) -> Call[Sequence[BulkResult]]:
    """``stop`` every program that meets all criteria given, as ``start_all``."""
    return _bulk("stop", **criteria)


def restart_all(**criteria: Unpack[ProgramCriteria]) -> Call[Sequence[BulkResult]]:
    """``restart`` every program that meets all criteria given, as ``start_all``."""
    return _bulk("restart", **criteria)


def delete_all(**criteria: Unpack[ProgramCriteria]) -> Call[Sequence[BulkResult]]:
    """``delete`` every program that meets all criteria given, as ``start_all``; returns when all are gone."""
    return _bulk("delete", **criteria)


def _bulk(what: str, **criteria: Unpack[ProgramCriteria]) -> Call[Sequence[BulkResult]]:
    named = (criteria.get("user_id") or None, criteria.get("state") or None, criteria.get("labels") or None)
    return Call(
        "POST",
        f"/bulk/{what}",
        lambda data: read_answer(BulkResults, data).results,
        body=written(Criteria(*named)),
        least_timeout=BULK_TIMEOUT,
    )


def logs(program_id: str, **options: Unpack[LogOptions]) -> Call[LogsInfo]:
    """The last ``tail`` lines of output, 200 by default; ``stream`` is stdout or stderr, both by default.

    ``since``: nothing older than a moment, than so long ago, or than what the Host reads (``10m``, RFC 3339).
    """
    return Call("GET", program_path(program_id, "/logs"), answered(LogsInfo), params=_log_params(options))


def build_log(program_id: str, *, tail: int | None = None) -> Call[LogsInfo]:
    """The last ``tail`` lines of the last build's output."""
    return logs(program_id, tail=tail, stream="build")


def stats(program_id: str) -> Call[StatsInfo]:
    """What the program uses of the machine. Takes about 0.2 s while it runs. Raises ProgramNotFound."""
    return Call("GET", program_path(program_id, "/stats"), answered(StatsInfo))


def journal(program_id: str, *, after: int | None = None, limit: int | None = None) -> Call[Sequence[JournalInfo]]:
    """What has happened to the program, oldest first: the first ``limit`` entries above the id ``after``.

    Without ``after`` the newest; 200 by default. A deleted program is found for a while. Raises ProgramNotFound.
    """
    params = _given(("after", after), ("limit", limit))
    return Call(
        "GET", program_path(program_id, "/journal"), lambda data: read_answer(Journal, data).entries, params=params
    )


def source(program_id: str) -> Call[ProgramSource]:
    """What the program was built from, ``Dockerfile`` included. Raises ProgramNotFound."""
    return Call("GET", program_path(program_id, "/source"), answered(ProgramSource))


def message(program_id: str, text: str) -> Call[MessageReceipt]:
    """Send a message to the program's Watcher. Raises ProgramNotReady unless the program is Ready."""
    path = program_path(program_id, "/proxy/watcher/message")
    return Call("POST", path, MessageReceipt.of, body={"content": text})


def debug_proxy(program_id: str) -> Call[ProxyInfo]:
    """What the Host's proxy holds for the program. Raises ProgramNotFound."""
    return Call("GET", "/debug/proxy" + program_path(program_id).removeprefix("/programs"), answered(ProxyInfo))


def follow(program_id: str, **options: Unpack[LogOptions]) -> tuple[str, Params]:
    """The path and the query of a request for lines as they come."""
    return program_path(program_id, "/logs"), (*_log_params(options), ("follow", "true"))


def _log_params(options: LogOptions) -> Params:
    since = _since(options.get("since"))
    return _given(("tail", options.get("tail")), ("stream", options.get("stream")), ("since", since))


def _since(since: datetime | timedelta | str | None) -> str | None:
    match since:
        case datetime():
            return since.astimezone(UTC).isoformat()
        case timedelta():
            return f"{since.total_seconds():f}s"
        case _:
            return since


def _given(*params: tuple[str, object]) -> Params:
    return tuple((name, str(value)) for name, value in params if value is not None)


def events_path(program_id: str | None) -> str:
    return "/events" if program_id is None else program_path(program_id, "/events")


def proxy_path(program_id: str, path: str) -> str:
    return program_path(program_id, "/proxy/") + path.removeprefix("/")
