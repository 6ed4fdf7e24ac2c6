"""The JSON shapes of the wire contract, as models that also describe them in the OpenAPI document."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel

from hershy.builds.spec import DOCKERFILE, BuildSpec
from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ProgramID
from hershy.programs.application.answers import ProgramStats
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.proxy import ProxyRoute


class Refused(BaseModel):
    """Any answer of 400 and above. ``type`` names the error in ``hershy.errors``, where it has one; the rest is what
    that error knows beside its message.
    """

    error: str
    code: int
    message: str
    type: str | None = None
    program_id: str | None = None
    state: str | None = None
    event: str | None = None
    remedy: str | None = None
    detail: str | None = None


class Created(BaseModel):
    program_id: str
    build_id: str
    state: ProgramState
    proxy_url: str
    created_at: datetime

    @classmethod
    def of(cls, program: Program) -> Self:
        return cls(
            program_id=str(program.id),
            build_id=str(program.build_id),
            state=program.state,
            proxy_url=program.proxy_url,
            created_at=program.created_at,
        )


class Initiated(BaseModel):
    """Something was begun; ``state`` is that before a start, Stopping for a stop or restart."""

    program_id: str
    state: ProgramState
    message: str

    @classmethod
    def of(cls, program: Program, what: str) -> Self:
        return cls(program_id=str(program.id), state=program.state, message=initiated(what))


def initiated(what: str) -> str:
    return f"program {what} initiated"


class Exit(BaseModel):
    """``code`` is 128 + n when signal n ended the program; null if unknown."""

    kind: ExitKind
    code: int | None
    message: str

    @classmethod
    def of(cls, reason: ExitReason) -> Self:
        return cls(kind=reason.kind, code=reason.code, message=str(reason))


class JournalEntryView(BaseModel):
    """``state`` is null once the program is gone; ``error_msg`` is the detail of what led to Error.

    ``actor`` is who asked for it; empty for what nobody asked for.
    """

    id: int
    program_id: str
    at: datetime
    event: str
    previous: ProgramState | None
    state: ProgramState | None
    detail: str
    error_msg: str
    exit_reason: Exit | None
    actor: str

    @classmethod
    def of(cls, entry: JournalEntry) -> Self:
        return cls(
            id=entry.id,
            program_id=str(entry.program_id),
            at=entry.at,
            event=entry.event,
            previous=entry.previous,
            state=entry.state,
            detail=entry.detail,
            error_msg=entry.detail if entry.state is ProgramState.ERROR else "",
            exit_reason=Exit.of(entry.exit_reason) if entry.exit_reason else None,
            actor=entry.actor,
        )


class Journal(BaseModel):
    program_id: str
    entries: list[JournalEntryView]
    count: int

    @classmethod
    def of(cls, program_id: ProgramID, entries: Sequence[JournalEntry]) -> Self:
        return cls(program_id=str(program_id), entries=[JournalEntryView.of(it) for it in entries], count=len(entries))


class BuildLineView(BaseModel):
    program_id: str
    line: str
    at: datetime


class LostView(BaseModel):
    """So many lines of builds were not sent, since the caller read too slowly."""

    count: int


class Deleted(BaseModel):
    message: str = "program deleted successfully"


class Logs(BaseModel):
    program_id: str
    container_id: str | None
    logs: str
    timestamp: datetime


class Stats(BaseModel):
    """``cpu_cores`` are in use now; ``cpu_seconds`` and the network's bytes count from the start of the container.

    Nulls while no container runs.
    """

    program_id: str
    state: ProgramState
    cpu_cores: float | None = None
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    pids: int | None = None
    network_rx_bytes: int | None = None
    network_tx_bytes: int | None = None
    state_bytes: int
    timestamp: datetime

    @classmethod
    def of(cls, program: Program, stats: ProgramStats, now: datetime) -> Self:
        shown = cls(program_id=str(program.id), state=program.state, state_bytes=stats.state_bytes, timestamp=now)
        container = stats.container
        if container is None:
            return shown
        return shown.model_copy(
            update={
                "cpu_cores": stats.cpu_cores,
                "cpu_seconds": container.cpu_seconds,
                "memory_bytes": container.memory_bytes,
                "memory_limit_bytes": container.memory_limit_bytes,
                "pids": container.pids,
                "network_rx_bytes": container.network_rx_bytes,
                "network_tx_bytes": container.network_tx_bytes,
                "timestamp": container.at,
            }
        )


class Source(BaseModel):
    program_id: str
    files: dict[str, str]
    retrieved_at: datetime

    @classmethod
    def of(cls, program_id: ProgramID, spec: BuildSpec, at: datetime) -> Self:
        files = {DOCKERFILE: spec.dockerfile, **spec.src_files}
        return cls(program_id=str(program_id), files=files, retrieved_at=at)


class RouteView(BaseModel):
    """What the proxy holds for a program; nulls while no route is open."""

    program_id: str
    open: bool
    publish_port: int | None = None
    target_url: str | None = None
    requests: int | None = None
    active: int | None = None
    opened_at: datetime | None = None

    @classmethod
    def of(cls, program_id: ProgramID, route: ProxyRoute | None) -> Self:
        if route is None:
            return cls(program_id=str(program_id), open=False)
        return cls(
            program_id=str(program_id),
            open=True,
            publish_port=route.publish_port.value,
            target_url=route.publish_port.url,
            requests=route.requests,
            active=route.active,
            opened_at=route.opened_at,
        )
