"""What the Host answers, as frozen values. Names are those of the wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hershy.programs.domain.state import ProgramState


@dataclass(frozen=True, slots=True)
class CreatedProgram:
    """A program as it was registered: Created, nothing built yet."""

    program_id: str
    build_id: str
    state: ProgramState
    proxy_url: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Transition:
    """A request was accepted and is carried out in the background.

    ``state`` is the one before a start, Stopping after a stop or restart.
    """

    program_id: str
    state: ProgramState
    message: str


@dataclass(frozen=True, slots=True)
class ExitInfo:
    """Why the process ended: ``kind`` is code, signal, out_of_memory, requested, engine_lost or state_limit."""

    kind: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class ProgramInfo:
    """A program as it was when the Host answered. None or empty until known."""

    program_id: str
    build_id: str
    user_id: str
    state: ProgramState
    created_at: datetime
    updated_at: datetime
    proxy_url: str | None = None
    image_id: str | None = None
    container_id: str | None = None
    error_msg: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    desired_state: str | None = None
    exit_reason: ExitInfo | None = None
    restart_count: int = 0
    next_restart_at: datetime | None = None
    is_healthy: bool | None = None
    resources: Mapping[str, float] = field(default_factory=dict)
    restart_policy: Mapping[str, Any] = field(default_factory=dict)
    health_check: Mapping[str, Any] | None = None
    ttl_s: float | None = None
    idle_timeout_s: float | None = None
    egress: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProgramStats:
    """What a program uses; None for what only a container has, while none runs.

    ``cpu_cores`` are in use now, 0.5 being half of one; ``cpu_seconds`` and the network's bytes count from the
    container's start. ``state_bytes``: what ``/state`` takes on the disk.
    """

    program_id: str
    state: ProgramState
    timestamp: datetime
    state_bytes: int
    cpu_cores: float | None = None
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    pids: int | None = None
    network_rx_bytes: int | None = None
    network_tx_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One thing that has happened to a program. ``previous`` is None for its registration, ``state`` for its end.

    ``detail`` says in words why: of an exit, a failure, a request, with the last log lines. ``actor`` is who asked for
    it: a token, ``local``, ``host``; empty for what nobody asked for.
    """

    id: int
    program_id: str
    at: datetime
    event: str
    previous: ProgramState | None = None
    state: ProgramState | None = None
    detail: str = ""
    exit_reason: ExitInfo | None = None
    actor: str = ""


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What one of many programs got: ``code``, ``error`` and ``message`` as from the call for it alone.

    ``error`` is None where it is ``ok``, else the HTTP reason phrase.
    """

    program_id: str
    ok: bool
    code: int
    message: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ProgramLogs:
    """The newest lines of a program's output, or of its build, as one text."""

    program_id: str
    logs: str
    timestamp: datetime
    container_id: str | None = None


@dataclass(frozen=True, slots=True)
class ProgramSource:
    """What the program was built from, ``Dockerfile`` included, by relative path."""

    program_id: str
    files: Mapping[str, str]
    retrieved_at: datetime


@dataclass(frozen=True, slots=True)
class ProxyInfo:
    """What the Host's proxy holds for a program; the later fields are None while no route is open."""

    program_id: str
    open: bool
    publish_port: int | None = None
    target_url: str | None = None
    requests: int | None = None
    active: int | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StateEvent:
    """The program is in ``state``; ``previous`` is None for its registration. ``id`` grows from event to event.

    ``event`` names what has happened, ``detail`` says why in words; ``error_msg`` is that of an Error.
    """

    program_id: str
    state: ProgramState
    previous: ProgramState | None
    error_msg: str
    at: datetime | None
    id: int | None = None
    event: str = ""
    detail: str = ""
    exit_reason: ExitInfo | None = None
    actor: str = ""


@dataclass(frozen=True, slots=True)
class BuildLineEvent:
    """One line of the build's output."""

    line: str
    program_id: str = ""


@dataclass(frozen=True, slots=True)
class DeletedEvent:
    """The program is gone; a stream of its events ends."""

    program_id: str = ""
    id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LostEvent:
    """The reader fell behind: ``count`` notices were dropped, build lines only if the Host keeps a journal."""

    count: int


ProgramEvent = StateEvent | BuildLineEvent | DeletedEvent | LostEvent
