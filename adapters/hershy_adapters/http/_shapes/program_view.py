"""How a program is shown, and lists of a thousand of them quickly."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel

from hershy.core.resources import ResourceLimits
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.program import DesiredState, Program
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState

from .._errors import encoded
from .responses import Exit

MOST_KEPT = 16_384
"""Fragments of JSON, about as many as there may be programs. When there are more all of them are dropped."""


class ResourcesView(BaseModel):
    cpus: float
    memory_bytes: int
    pids: int
    open_files: int
    log_bytes: int
    state_bytes: int

    @classmethod
    def of(cls, limits: ResourceLimits) -> Self:
        return cls(**asdict(limits))


class RestartPolicyView(BaseModel):
    mode: RestartMode
    base_delay_s: float
    max_delay_s: float
    max_restarts: int
    window_s: float
    stable_after_s: float

    @classmethod
    def of(cls, policy: RestartPolicy) -> Self:
        return cls(
            mode=policy.mode,
            base_delay_s=policy.base_delay.total_seconds(),
            max_delay_s=policy.max_delay.total_seconds(),
            max_restarts=policy.max_restarts,
            window_s=policy.window.total_seconds(),
            stable_after_s=policy.stable_after.total_seconds(),
        )


class HealthCheckView(BaseModel):
    path: str
    interval_s: float
    timeout_s: float
    failures: int

    @classmethod
    def of(cls, check: HealthCheck) -> Self:
        return cls(
            path=check.path,
            interval_s=check.interval.total_seconds(),
            timeout_s=check.timeout.total_seconds(),
            failures=check.failures,
        )


class ProgramView(BaseModel):
    """Its environment is left out: secrets travel there."""

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
    next_restart_at: datetime | None
    is_healthy: bool | None
    labels: dict[str, str]
    resources: ResourcesView
    restart_policy: RestartPolicyView
    health_check: HealthCheckView | None
    ttl_s: float | None
    idle_timeout_s: float | None
    egress: Egress
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, program: Program) -> Self:
        reason, options = program.exit_reason, program.options
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
            exit_reason=Exit.of(reason) if reason else None,
            restart_count=program.restarts.count,
            next_restart_at=program.next_restart_at,
            is_healthy=program.is_healthy,
            labels=dict(options.labels),
            resources=ResourcesView.of(options.resources),
            restart_policy=RestartPolicyView.of(options.restart_policy),
            health_check=HealthCheckView.of(options.health_check) if options.health_check else None,
            ttl_s=_seconds(options.ttl),
            idle_timeout_s=_seconds(options.idle_timeout),
            egress=options.egress,
            expires_at=program.created_at + options.ttl if options.ttl is not None else None,
            created_at=program.created_at,
            updated_at=program.updated_at,
        )


class ProgramList(BaseModel):
    programs: list[ProgramView]
    count: int


class RenderedPrograms:
    """Each snapshot of a program is rendered once. Snapshots are immutable, so being the same object is enough."""

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self._most_kept = most_kept
        self._fragments: dict[str, tuple[Program, bytes]] = {}  # by the id's text, whose hash is at hand

    def one(self, program: Program) -> bytes:
        known = self._fragments.get(program.id.value)
        if known is not None and known[0] is program:
            return known[1]
        fragment = encoded(ProgramView.of(program).model_dump(mode="json"))
        if len(self._fragments) >= self._most_kept:
            self._fragments.clear()
        self._fragments[program.id.value] = (program, fragment)
        return fragment

    def many(self, programs: Sequence[Program]) -> bytes:
        """As a ProgramList."""
        return b'{"programs":[%b],"count":%d}' % (b",".join(map(self.one, programs)), len(programs))


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()
