"""The body of ``POST /programs``: what may be in it, and how it is read."""

import json
from datetime import timedelta
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hershy.application.requests import ProgramRequest
from hershy.domain.build_spec import BuildSpec
from hershy.domain.errors import InvalidValue
from hershy.domain.ids import UserID
from hershy.domain.program import ProgramOptions
from hershy.domain.resources import ResourceLimits
from hershy.domain.restart import RestartMode, RestartPolicy

from ._sentences import sentence

YEAR_S = 365 * 24 * 3600
REQUIRED = ("user_id", "dockerfile")

Seconds = Annotated[float, Field(ge=0, le=YEAR_S)]


class _Body(BaseModel):
    """Values must have their JSON type; fields this version does not know are left aside."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, frozen=True)


class ResourcesBody(_Body):
    """Limits of the container; what is left out has its default."""

    cpus: float | None = Field(None, description="cores; 0.5 is half of one")
    memory_bytes: int | None = None
    pids: int | None = None
    open_files: int | None = None
    log_bytes: int | None = None


class RestartPolicyBody(_Body):
    """Whether and when a program that ended by itself is started again."""

    mode: Annotated[RestartMode, Field(strict=False)] = RestartMode.NO
    base_delay_s: Seconds | None = None
    max_delay_s: Seconds | None = None
    max_restarts: int | None = None
    window_s: Seconds | None = None
    stable_after_s: Seconds | None = None


class NewProgram(_Body):
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
                resources=ResourceLimits(**_given(self.resources)),
                restart_policy=_policy(self.restart_policy),
            ),
        )


def read_new_program(body: bytes) -> ProgramRequest:
    """Raises InvalidValue, its message one sentence naming the field."""
    fields = _parse_object(body)
    for name in REQUIRED:
        value = fields.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise InvalidValue(f"{name} is required")
    try:
        return NewProgram.model_validate(fields).to_request()
    except ValidationError as error:
        raise InvalidValue(sentence(error.errors(include_url=False, include_input=False)[0])) from error


def _parse_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise InvalidValue("the body is nested too deeply") from error
    except ValueError as error:
        raise InvalidValue(f"the body is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidValue("the body must be a JSON object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _given(body: BaseModel | None) -> dict[str, Any]:
    return body.model_dump(exclude_none=True) if body is not None else {}


def _policy(body: RestartPolicyBody | None) -> RestartPolicy:
    values: dict[str, Any] = {
        name.removesuffix("_s"): timedelta(seconds=value) if name.endswith("_s") else value
        for name, value in _given(body).items()
    }
    return RestartPolicy(**values)
