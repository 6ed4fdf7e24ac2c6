"""Programs as the HTTP API has them: what is sent to make and to choose some, and what is answered of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from hershy.core.exits import ExitKind
from hershy.core.resources import ResourceLimits
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.program import DesiredState
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState

from .plan import About, Body, Short
from .reading import require_known

_MODE_ALONE = Short(str, lambda mode: {"mode": mode}, choices=RestartMode)
_DEFAULTS_OR_NONE = Short(bool, lambda is_wanted: {} if is_wanted else None)


@dataclass(frozen=True, slots=True)
class NewProgram(Body):
    """What a program is built from and how it is run; what is left out is left to the Host.

    Raises InvalidValue for a name in ``resources``, ``restart_policy`` or ``health_check`` that there is not.
    """

    user_id: Annotated[str, About("1 to 63 letters, digits, '.', '_' or '-'")]
    dockerfile: str
    src_files: Annotated[Mapping[str, str], About("text by relative POSIX path")] = field(default_factory=dict)
    build_args: Mapping[str, str] | None = None
    env: Mapping[str, str] | None = None
    labels: Mapping[str, str] | None = None
    resources: Annotated[ResourceLimits | Mapping[str, float] | None, About(of=ResourceLimits)] = None
    restart_policy: Annotated[
        RestartPolicy | Mapping[str, Any] | str | None,
        About("no, on-failure or always; or an object with details", of=RestartPolicy, short=_MODE_ALONE),
    ] = None
    health_check: Annotated[
        HealthCheck | Mapping[str, Any] | bool | None,
        About("true for the defaults; or an object with details", of=HealthCheck, short=_DEFAULTS_OR_NONE),
    ] = None
    ttl: Annotated[timedelta | None, About("so long after its registration it is deleted with all it has")] = None
    idle_timeout: Annotated[
        timedelta | None, About("so long after the last request through the proxy it is stopped")
    ] = None
    egress: Annotated[
        Egress | str | None, About("open (the default), or none: it reaches nothing, and is still reached")
    ] = None
    description: Annotated[str | None, About("free text for people, at most 1 000 characters")] = None

    def __post_init__(self) -> None:
        for name, of in (
            ("resources", ResourceLimits),
            ("restart_policy", RestartPolicy),
            ("health_check", HealthCheck),
        ):
            require_known(name, getattr(self, name), of)


@dataclass(frozen=True, slots=True)
class NewPrograms(Body):
    """Registered all or none."""

    programs: Sequence[NewProgram]


@dataclass(frozen=True, slots=True)
class Criteria(Body):
    """Which programs: at least one criterion, and all that are given must hold."""

    user_id: str | None = None
    state: ProgramState | str | None = None
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CreatedProgram:
    """A program as it was registered: Created, nothing built yet."""

    SCHEMA: ClassVar[str] = "Created"

    program_id: str
    build_id: str
    state: ProgramState | str
    proxy_url: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CreatedPrograms:
    """In the order in which they were asked for."""

    programs: Sequence[CreatedProgram]
    count: int = 0


@dataclass(frozen=True, slots=True)
class Transition:
    """A request was accepted and is carried out in the background.

    ``state`` is the one before a start, Stopping after a stop or restart.
    """

    SCHEMA: ClassVar[str] = "Initiated"

    program_id: str
    state: ProgramState | str
    message: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """The program is gone, and all it had."""

    message: str = "program deleted successfully"


@dataclass(frozen=True, slots=True)
class ExitInfo:
    """Why a process ended. ``code`` is 128 + n when signal n ended it; None if unknown."""

    SCHEMA: ClassVar[str] = "Exit"

    kind: ExitKind | str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class ProgramInfo:
    """A program as it was when the Host answered. What is not known yet has no key.

    Its environment is left out: secrets travel there.
    """

    SCHEMA: ClassVar[str] = "ProgramView"

    program_id: str
    build_id: str
    user_id: str
    state: ProgramState | str
    created_at: datetime
    updated_at: datetime
    proxy_url: str | None = None
    image_id: str | None = None
    container_id: str | None = None
    error_msg: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    desired_state: DesiredState | str | None = None
    exit_reason: ExitInfo | None = None
    restart_count: int = 0
    next_restart_at: datetime | None = None
    is_healthy: bool | None = None
    resources: Annotated[Mapping[str, float], About(of=ResourceLimits)] = field(default_factory=dict)
    restart_policy: Annotated[Mapping[str, Any], About(of=RestartPolicy)] = field(default_factory=dict)
    health_check: Annotated[Mapping[str, Any] | None, About(of=HealthCheck)] = None
    ttl_s: float | None = None
    idle_timeout_s: float | None = None
    egress: Egress | str | None = None
    expires_at: datetime | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class ProgramList:
    """In order of registration."""

    programs: Sequence[ProgramInfo]
    count: int = 0


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What one of many programs got: ``code``, ``error``, ``message`` and what follows as from the call for it alone.

    ``error`` is None where it is ``ok``, else the HTTP reason phrase.
    """

    program_id: str
    ok: bool
    code: int
    message: str
    error: str | None = None
    detail: Annotated[str | None, About("which one, in which state")] = None
    remedy: Annotated[str | None, About("what to do")] = None


@dataclass(frozen=True, slots=True)
class BulkResults:
    """In order of registration."""

    results: Sequence[BulkResult]
    count: int = 0
    failed: int = 0
