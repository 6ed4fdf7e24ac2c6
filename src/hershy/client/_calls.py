"""The Host API as data: each function makes a ``Call``, which both transports carry out the same way."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from hershy.domain.state import ProgramState

from . import _parse
from .errors import NotFoundError, UnexpectedAnswer
from .models import (
    CreatedProgram,
    MessageReceipt,
    ProgramInfo,
    ProgramLogs,
    ProgramSource,
    ProxyInfo,
    Transition,
)

T = TypeVar("T")
Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and how its JSON answer is read."""

    method: str
    path: str
    parse: Callable[[Any], T]
    params: Params = ()
    body: Mapping[str, Any] | None = None

    def read(self, status: int, content: bytes, url: str) -> T:
        """The answer as a value. Raises ApiError for a refusal, UnexpectedAnswer for what is not this API's."""
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
    """The body of ``POST /programs``; optional fields that are not given are left to the Host."""

    user_id: str
    dockerfile: str
    src_files: Mapping[str, str] = field(default_factory=dict)
    build_args: Mapping[str, str] | None = None
    env: Mapping[str, str] | None = None
    labels: Mapping[str, str] | None = None
    resources: Mapping[str, float] | None = None
    restart_policy: str | Mapping[str, Any] | None = None

    def body(self) -> dict[str, Any]:
        optional = {
            "build_args": self.build_args,
            "env": self.env,
            "labels": self.labels,
            "resources": self.resources,
            "restart_policy": self.restart_policy,
        }
        given = {
            name: value if isinstance(value, str) else dict(value)
            for name, value in optional.items()
            if value is not None
        }
        required = {"user_id": self.user_id, "dockerfile": self.dockerfile, "src_files": dict(self.src_files)}
        return required | given


def program_path(program_id: str, rest: str = "") -> str:
    """Raises NotFoundError for what cannot be one segment of a path: it would address something else."""
    if not program_id or not program_id.strip("."):
        raise NotFoundError(404, "Not Found", f"program not found: {program_id!r}")
    return f"/programs/{quote(program_id, safe='')}{rest}"


def create(program: NewProgram) -> Call[CreatedProgram]:
    return Call("POST", "/programs", _parse.created, body=program.body())


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


def delete(program_id: str) -> Call[None]:
    return Call("DELETE", program_path(program_id), _parse.nothing)


def logs(program_id: str, tail: int | None, stream: str | None) -> Call[ProgramLogs]:
    return Call("GET", program_path(program_id, "/logs"), _parse.logs, params=log_params(tail, stream))


def source(program_id: str) -> Call[ProgramSource]:
    return Call("GET", program_path(program_id, "/source"), _parse.source)


def message(program_id: str, text: str) -> Call[MessageReceipt]:
    path = program_path(program_id, "/proxy/watcher/message")
    return Call("POST", path, _parse.receipt, body={"content": text})


def debug_proxy(program_id: str) -> Call[ProxyInfo]:
    return Call("GET", "/debug/proxy" + program_path(program_id).removeprefix("/programs"), _parse.proxy_info)


def follow_path(program_id: str) -> str:
    return program_path(program_id, "/logs")


def follow_params(tail: int | None, stream: str | None) -> Params:
    return (*log_params(tail, stream), ("follow", "true"))


def log_params(tail: int | None, stream: str | None) -> Params:
    given: Iterable[tuple[str, object]] = (("tail", tail), ("stream", stream))
    return tuple((name, str(value)) for name, value in given if value is not None)


def events_path(program_id: str) -> str:
    return program_path(program_id, "/events")


def proxy_path(program_id: str, path: str) -> str:
    return program_path(program_id, "/proxy/") + path.removeprefix("/")
