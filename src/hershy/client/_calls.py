"""The Host API as data: each function makes a ``Call``, which both transports carry out the same way."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from hershy.core.resources import ResourceLimits
from hershy.errors import ProgramNotFound, UnexpectedAnswer
from hershy.programs.domain.answers import MessageReceipt
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.restart import RestartPolicy
from hershy.programs.domain.state import ProgramState

from . import _parse
from ._known import require_known
from .models import (
    BulkResult,
    CreatedProgram,
    JournalEntry,
    ProgramInfo,
    ProgramLogs,
    ProgramSource,
    ProgramStats,
    ProxyInfo,
    Transition,
)

T = TypeVar("T")
Params = tuple[tuple[str, str], ...]
Since = datetime | timedelta | str

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

    def read(self, status: int, content: bytes, url: str) -> T:
        """The answer as a value. Raises HershyError for a refusal, UnexpectedAnswer for what is not this API's."""
        data = _parse.document(status, content, f"{self.method} {url}{self.path}")
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


@dataclass(frozen=True, slots=True)
class NewProgram:
    """The body of ``POST /programs``; optional fields that are not given are left to the Host.

    Raises InvalidValue for a name in ``resources``, ``restart_policy`` or ``health_check`` that there is not.
    """

    user_id: str
    dockerfile: str
    src_files: Mapping[str, str] = field(default_factory=dict)
    build_args: Mapping[str, str] | None = None
    env: Mapping[str, str] | None = None
    labels: Mapping[str, str] | None = None
    resources: Mapping[str, float] | None = None
    restart_policy: str | Mapping[str, Any] | None = None
    health_check: bool | Mapping[str, Any] | None = None
    ttl: timedelta | None = None
    idle_timeout: timedelta | None = None
    egress: Egress | str | None = None

    def __post_init__(self) -> None:
        require_known("resources", self.resources, ResourceLimits)
        require_known("restart_policy", self.restart_policy, RestartPolicy)
        require_known("health_check", self.health_check, HealthCheck)

    def body(self) -> dict[str, Any]:
        optional = {
            "build_args": self.build_args,
            "env": self.env,
            "labels": self.labels,
            "resources": self.resources,
            "restart_policy": self.restart_policy,
            "health_check": self.health_check,
            "ttl_s": None if self.ttl is None else self.ttl.total_seconds(),
            "idle_timeout_s": None if self.idle_timeout is None else self.idle_timeout.total_seconds(),
            "egress": None if self.egress is None else str(self.egress),
        }
        given = {
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in optional.items()
            if value is not None
        }
        required = {"user_id": self.user_id, "dockerfile": self.dockerfile, "src_files": dict(self.src_files)}
        return required | given


def program_path(program_id: str, rest: str = "") -> str:
    """Raises ProgramNotFound for what cannot be one segment of a path: it would address something else."""
    if not program_id or not program_id.strip("."):
        raise ProgramNotFound(repr(program_id))
    return f"/programs/{quote(program_id, safe='')}{rest}"


def create(program: NewProgram) -> Call[CreatedProgram]:
    return Call("POST", "/programs", _parse.created, body=program.body())


def create_many(programs: Iterable[NewProgram]) -> Call[tuple[CreatedProgram, ...]]:
    body = {"programs": [it.body() for it in programs]}
    return Call("POST", "/bulk/programs", _parse.created_programs, body=body)


def start(program_id: str) -> Call[Transition]:
    return Call("POST", program_path(program_id, "/start"), _parse.transition)


def stop(program_id: str) -> Call[Transition]:
    return Call("POST", program_path(program_id, "/stop"), _parse.transition)


def restart(program_id: str) -> Call[Transition]:
    return Call("POST", program_path(program_id, "/restart"), _parse.transition)


def get(program_id: str) -> Call[ProgramInfo]:
    return Call("GET", program_path(program_id), _parse.program)


def list_programs(
    user_id: str | None, state: ProgramState | str | None, labels: Mapping[str, str] | None
) -> Call[tuple[ProgramInfo, ...]]:
    params = [("user_id", user_id)] if user_id is not None else []
    params += [("state", str(state))] if state is not None else []
    params += [("label", f"{name}={value}") for name, value in (labels or {}).items()]
    return Call("GET", "/programs", _parse.programs, params=tuple(params))


def bulk(
    what: str, user_id: str | None, state: ProgramState | str | None, labels: Mapping[str, str] | None
) -> Call[tuple[BulkResult, ...]]:
    """``what``: start, stop, restart or delete."""
    criteria = {"user_id": user_id, "state": None if state is None else str(state), "labels": dict(labels or {})}
    given = {name: value for name, value in criteria.items() if value}
    return Call("POST", f"/bulk/{what}", _parse.bulk_results, body=given, least_timeout=BULK_TIMEOUT)


def delete(program_id: str) -> Call[None]:
    return Call("DELETE", program_path(program_id), _parse.nothing)


def logs(program_id: str, tail: int | None, stream: str | None, since: Since | None = None) -> Call[ProgramLogs]:
    return Call("GET", program_path(program_id, "/logs"), _parse.logs, params=log_params(tail, stream, since))


def stats(program_id: str) -> Call[ProgramStats]:
    return Call("GET", program_path(program_id, "/stats"), _parse.stats)


def journal(program_id: str, after: int | None, limit: int | None) -> Call[Sequence[JournalEntry]]:
    params = _given(("after", after), ("limit", limit))
    return Call("GET", program_path(program_id, "/journal"), _parse.journal, params=params)


def source(program_id: str) -> Call[ProgramSource]:
    return Call("GET", program_path(program_id, "/source"), _parse.source)


def message(program_id: str, text: str) -> Call[MessageReceipt]:
    path = program_path(program_id, "/proxy/watcher/message")
    return Call("POST", path, _parse.receipt, body={"content": text})


def debug_proxy(program_id: str) -> Call[ProxyInfo]:
    return Call("GET", "/debug/proxy" + program_path(program_id).removeprefix("/programs"), _parse.proxy_info)


def follow_path(program_id: str) -> str:
    return program_path(program_id, "/logs")


def follow_params(tail: int | None, stream: str | None, since: Since | None = None) -> Params:
    return (*log_params(tail, stream, since), ("follow", "true"))


def log_params(tail: int | None, stream: str | None, since: Since | None) -> Params:
    return _given(("tail", tail), ("stream", stream), ("since", _since(since)))


def _since(since: Since | None) -> str | None:
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
