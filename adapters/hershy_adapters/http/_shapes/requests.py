"""The bodies of ``POST /programs`` and of the calls for many: what may be in them, and how they are read."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, field_validator

from hershy.builds.spec import BuildSpec
from hershy.core.ids import UserID
from hershy.core.resources import ResourceLimits
from hershy.errors import InvalidValue
from hershy.programs.application.registration import MOST_AT_ONCE
from hershy.programs.application.requests import ProgramRequest
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.program import ProgramOptions
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.repository import ProgramFilter

from .bodies import Body, Seconds, durations, given, parse_object, unknown_fields, validated

REQUIRED = ("user_id", "dockerfile")


class ResourcesBody(Body):
    """Limits of the container; what is left out has its default."""

    cpus: float | None = Field(None, description="cores; 0.5 is half of one")
    memory_bytes: int | None = None
    pids: int | None = None
    open_files: int | None = None
    log_bytes: int | None = None
    state_bytes: int | None = None


class RestartPolicyBody(Body):
    """Whether and when a program that ended by itself is started again."""

    mode: Annotated[RestartMode, Field(strict=False)] = RestartMode.NO
    base_delay_s: Seconds | None = None
    max_delay_s: Seconds | None = None
    max_restarts: int | None = None
    window_s: Seconds | None = None
    stable_after_s: Seconds | None = None


class HealthCheckBody(Body):
    """How a Ready program is asked whether it still answers; what is left out has its default."""

    path: str | None = None
    interval_s: Seconds | None = None
    timeout_s: Seconds | None = None
    failures: int | None = None


class NewProgram(Body):
    """What a program is built from and how it is run."""

    user_id: str = Field(description="1 to 63 letters, digits, '.', '_' or '-'")
    dockerfile: str
    src_files: dict[str, str] | None = Field(None, description="text by relative POSIX path")
    build_args: dict[str, str] | None = None
    env: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    resources: ResourcesBody | None = None
    restart_policy: RestartPolicyBody | None = Field(
        None, description="no, on-failure or always; or an object with details"
    )

    health_check: HealthCheckBody | None = Field(None, description="true for the defaults; or an object with details")
    ttl_s: Seconds | None = Field(None, description="so long after its registration it is deleted with all it has")
    idle_timeout_s: Seconds | None = Field(
        None, description="so long after the last request through the proxy it is stopped"
    )
    egress: Annotated[Egress, Field(strict=False)] | None = Field(
        None, description="open (the default), or none: it reaches nothing, and is still reached"
    )

    @field_validator("health_check", mode="before")
    @classmethod
    def _defaults_or_none(cls, value: object) -> object:
        if isinstance(value, bool):
            return {} if value else None
        return value

    @field_validator("restart_policy", mode="before")
    @classmethod
    def _mode_alone(cls, value: object) -> object:
        return {"mode": value} if isinstance(value, str) else value

    def to_request(self) -> ProgramRequest:
        """Raises InvalidValue where a value breaks a rule of the domain."""
        return ProgramRequest(
            UserID(self.user_id),
            BuildSpec(self.dockerfile, self.src_files or {}, self.build_args or {}),
            ProgramOptions(
                env=self.env or {},
                labels=self.labels or {},
                resources=ResourceLimits(**given(self.resources)),
                restart_policy=RestartPolicy(**durations(self.restart_policy)),
                health_check=HealthCheck(**durations(self.health_check)) if self.health_check else None,
                ttl=_duration(self.ttl_s),
                idle_timeout=_duration(self.idle_timeout_s),
                egress=self.egress or Egress.OPEN,
            ),
        )


class NewPrograms(Body):
    """Registered all or none."""

    programs: list[NewProgram]


class Criteria(Body):
    """Which programs: at least one criterion, and all that are given must hold."""

    user_id: str | None = None
    state: Annotated[ProgramState, Field(strict=False)] | None = None
    labels: dict[str, str] | None = None

    def to_filter(self) -> ProgramFilter:
        """Raises InvalidValue."""
        if self.user_id is None and self.state is None and not self.labels:
            raise InvalidValue("user_id, labels or state is required: say which programs")
        user_id = UserID(self.user_id) if self.user_id is not None else None
        return ProgramFilter(user_id, self.state, labels=self.labels or {})


def read_new_program(body: bytes) -> ProgramRequest:
    """Raises InvalidValue, its message one sentence naming the field."""
    return _read_program(parse_object(body))


def read_new_programs(body: bytes) -> Sequence[ProgramRequest]:
    """Raises InvalidValue, its message naming which program by its index and the field."""
    asked = parse_object(body)
    for name, near in unknown_fields(NewPrograms, asked):
        raise InvalidValue(f"{name:.200}: unknown field{near}")
    programs = asked.get("programs")
    if not isinstance(programs, list) or not programs:
        raise InvalidValue("programs is required: a list of bodies as POST /programs takes them")
    if len(programs) > MOST_AT_ONCE:  # before each of them is looked at: a body has room for hundreds of thousands
        raise InvalidValue(f"programs: 1 to {MOST_AT_ONCE} can be registered at once, not {len(programs)}")
    requests = []
    for index, fields in enumerate(programs):
        try:
            if not isinstance(fields, dict):
                raise InvalidValue("must be a JSON object")
            requests.append(_read_program(fields))
        except InvalidValue as error:
            raise InvalidValue(f"programs.{index}: {error}") from error
    return requests


def read_criteria(body: bytes) -> ProgramFilter:
    """Raises InvalidValue, its message one sentence naming the field."""
    return validated(Criteria, parse_object(body)).to_filter()


def _read_program(fields: dict[str, Any]) -> ProgramRequest:
    for name in REQUIRED:
        value = fields.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise InvalidValue(f"{name} is required")
    return validated(NewProgram, fields).to_request()


def _duration(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
