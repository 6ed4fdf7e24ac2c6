"""The aggregate: everything hershy knows of one program, as an immutable snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitReason
from hershy.core.field_types import require_types
from hershy.core.ids import BuildID, ContainerID, ImageID, ProgramID, PublishPort, UserID
from hershy.core.resources import ResourceLimits
from hershy.core.texts import require_utf8, require_variables
from hershy.errors import InvalidValue

from .egress import Egress
from .health import HealthCheck
from .restart import RestartHistory, RestartPolicy
from .state import ProgramState

MAX_LABELS = 64
MAX_ENV = 256
MAX_DESCRIPTION = 1_000
SHORTEST_LIFE = timedelta(seconds=1)
"""The least that a time to live or an idle timeout can be: about as often as the Host looks."""


_UNSET = datetime.min.replace(tzinfo=UTC)


class DesiredState(StrEnum):
    """What was last asked for, as opposed to the observed ``ProgramState``."""

    STOPPED = "Stopped"
    RUNNING = "Running"
    DELETED = "Deleted"


@dataclass(frozen=True, slots=True)
class ProgramOptions:
    """How a program is run, apart from what it is built from. Mappings are copied and read-only.

    ``ttl``: so long after its registration the program is deleted with all it has. ``idle_timeout``: so long
    after the last request through the Host's proxy a Ready program is stopped; requests straight to its publish
    port are not seen. None for neither. ``egress``: what it may reach; the operator may give it less.
    ``description``: free text for people, at most 1 000 characters, without NUL.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    resources: ResourceLimits = ResourceLimits()
    restart_policy: RestartPolicy = RestartPolicy()
    health_check: HealthCheck | None = None
    ttl: timedelta | None = None
    idle_timeout: timedelta | None = None
    egress: Egress = Egress.OPEN
    description: str = ""

    def __post_init__(self) -> None:
        require_types("program options", self)
        if len(self.description) > MAX_DESCRIPTION or "\0" in self.description:
            raise InvalidValue(f"description: at most {MAX_DESCRIPTION} characters, none of them NUL")
        require_utf8("description", self.description)
        for name, duration in (("ttl", self.ttl), ("idle_timeout", self.idle_timeout)):
            if duration is not None and duration < SHORTEST_LIFE:
                raise InvalidValue(f"{name}: must be at least {SHORTEST_LIFE.total_seconds():g} s")
        for what, mapping, most in (("env", self.env, MAX_ENV), ("labels", self.labels, MAX_LABELS)):
            require_variables(what, mapping, most)
            object.__setattr__(self, what, MappingProxyType(dict(mapping)))


@dataclass(frozen=True, slots=True)
class Program:
    """One registered program. Changed only by the reducer; ``version`` counts the repository's saves.

    ``state_since``: when it entered its state. ``next_restart_at``: when an automatic restart that waits will begin.
    ``is_healthy``: what its health check says; None without one, and while it is not Ready. ``publish_port``: its own
    for life under a local runtime, None under others; ``endpoint``: where its container is reached, if it has one.
    """

    id: ProgramID
    user_id: UserID
    build_id: BuildID
    created_at: datetime
    updated_at: datetime
    publish_port: PublishPort | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    options: ProgramOptions = ProgramOptions()
    state: ProgramState = ProgramState.CREATED
    desired: DesiredState = DesiredState.STOPPED
    epoch: int = 0
    image_id: ImageID | None = None
    container_id: ContainerID | None = None
    endpoint: Endpoint | None = None
    container_started_at: datetime | None = None
    exit_reason: ExitReason | None = None
    error_msg: str = ""
    restarts: RestartHistory = RestartHistory()
    next_restart_at: datetime | None = None
    is_healthy: bool | None = None
    state_since: datetime = field(default=_UNSET)
    version: int = 0

    def __post_init__(self) -> None:
        if self.state_since is _UNSET:
            object.__setattr__(self, "state_since", self.created_at)
        object.__setattr__(self, "build_args", MappingProxyType(dict(self.build_args)))

    @property
    def proxy_url(self) -> str:
        """Where callers reach it: at its publish port, or else at this path of the Host's own server."""
        return f"/programs/{self.id}/proxy/" if self.publish_port is None else self.publish_port.url

    @property
    def is_at_rest(self) -> bool:
        """Nothing of it runs, nothing is under way, and it stays."""
        return not self.state.is_active and not self.is_being_deleted

    @property
    def is_being_deleted(self) -> bool:
        return self.desired is DesiredState.DELETED
