"""The JSON shapes of the wire contract, as models that also describe them in the OpenAPI document."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel

from hershy.domain.build_spec import DOCKERFILE, BuildSpec
from hershy.domain.exits import ExitKind
from hershy.domain.ids import ProgramID
from hershy.domain.program import DesiredState, Program
from hershy.domain.state import ProgramState
from hershy.ports.proxy import ProxyRoute


class Refused(BaseModel):
    """Any answer of 400 and above."""

    error: str
    code: int
    message: str


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
        return cls(program_id=str(program.id), state=program.state, message=f"program {what} initiated")


class Exit(BaseModel):
    """``code`` is 128 + n when signal n ended the program; null if unknown."""

    kind: ExitKind
    code: int | None
    message: str


class ProgramView(BaseModel):
    program_id: str
    build_id: str
    user_id: str
    state: ProgramState
    desired_state: DesiredState
    image_id: str | None
    container_id: str | None
    proxy_url: str
    error_msg: str
    exit_reason: Exit | None
    restart_count: int
    labels: dict[str, str]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, program: Program) -> Self:
        reason = program.exit_reason
        return cls(
            program_id=str(program.id),
            build_id=str(program.build_id),
            user_id=str(program.user_id),
            state=program.state,
            desired_state=program.desired,
            image_id=str(program.image_id) if program.image_id else None,
            container_id=str(program.container_id) if program.container_id else None,
            proxy_url=program.proxy_url,
            error_msg=program.error_msg,
            exit_reason=Exit(kind=reason.kind, code=reason.code, message=str(reason)) if reason else None,
            restart_count=len(program.restarts.restarts),
            labels=dict(program.options.labels),
            created_at=program.created_at,
            updated_at=program.updated_at,
        )


class ProgramList(BaseModel):
    programs: list[ProgramView]
    count: int

    @classmethod
    def of(cls, programs: Sequence[Program]) -> Self:
        return cls(programs=[ProgramView.of(it) for it in programs], count=len(programs))


class Deleted(BaseModel):
    message: str = "program deleted successfully"


class Logs(BaseModel):
    program_id: str
    container_id: str | None
    logs: str
    timestamp: datetime


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
