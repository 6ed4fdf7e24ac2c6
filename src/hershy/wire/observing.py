"""What the HTTP API tells of programs: their output, their journal, their events, what they use and are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from hershy.programs.domain.state import ProgramState

from .programs import ExitInfo


@dataclass(frozen=True, slots=True)
class LogsInfo:
    """The newest lines of a program's output, or of its build, as one text."""

    SCHEMA: ClassVar[str] = "Logs"

    program_id: str
    logs: str
    timestamp: datetime
    container_id: str | None = None


@dataclass(frozen=True, slots=True)
class StatsInfo:
    """What a program uses; None for what only a container has, while none runs.

    ``cpu_cores`` are in use now, 0.5 being half of one; ``cpu_seconds`` and the network's bytes count from the
    container's start. ``state_bytes``: what ``/state`` takes on the disk.
    """

    SCHEMA: ClassVar[str] = "Stats"

    program_id: str
    state: ProgramState | str
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
class ProgramSource:
    """What the program was built from, ``Dockerfile`` included, by relative path."""

    SCHEMA: ClassVar[str] = "Source"

    program_id: str
    files: Mapping[str, str]
    retrieved_at: datetime


@dataclass(frozen=True, slots=True)
class ProxyInfo:
    """What the Host's proxy holds for a program; the later fields are None while no route is open."""

    SCHEMA: ClassVar[str] = "RouteView"

    program_id: str
    open: bool
    publish_port: int | None = None
    target_url: str | None = None
    requests: int | None = None
    active: int | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalInfo:
    """One thing that has happened to a program. ``previous`` is None for its registration, ``state`` for its end.

    ``id`` grows from entry to entry; ``event`` names what has happened.
    ``detail`` says in words why: of an exit, a failure, a request, with the last log lines; ``error_msg`` is that of
    what led to Error. ``actor`` is who asked for it: a token, ``local``, ``host``; empty for what nobody asked for.
    """

    SCHEMA: ClassVar[str] = "JournalEntryView"

    id: int
    program_id: str
    at: datetime
    event: str
    previous: ProgramState | str | None = None
    state: ProgramState | str | None = None
    detail: str = ""
    exit_reason: ExitInfo | None = None
    actor: str = ""
    error_msg: str = ""


@dataclass(frozen=True, slots=True)
class Journal:
    """Oldest first."""

    program_id: str
    entries: Sequence[JournalInfo]
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEvent(JournalInfo):
    """The event ``state``, whose data is a journal entry: the program is in ``state``."""

    state: ProgramState | str


@dataclass(frozen=True, slots=True)
class BuildLineEvent:
    """The event ``build``: one line of the build's output."""

    line: str
    program_id: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedEvent(JournalInfo):
    """The event ``deleted``, whose data is a journal entry: the program is gone; a stream of its events ends."""


@dataclass(frozen=True, slots=True)
class LostEvent:
    """The event ``lost``: the reader fell behind, and ``count`` notices were dropped, build lines only if the Host
    keeps a journal."""

    count: int


ProgramEvent = StateEvent | BuildLineEvent | DeletedEvent | LostEvent

EVENTS: Mapping[str, type[ProgramEvent]] = {
    "state": StateEvent,
    "build": BuildLineEvent,
    "deleted": DeletedEvent,
    "lost": LostEvent,
}
"""By the names that they have in the stream."""
