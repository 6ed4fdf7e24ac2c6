"""The aggregate: everything hershy knows of one program, as an immutable snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from .errors import InvalidValue
from .exits import ExitReason
from .ids import BuildID, ContainerID, ImageID, ProgramID, PublishPort, UserID
from .resources import ResourceLimits
from .restart import RestartHistory, RestartPolicy
from .state import ProgramState

MAX_LABELS = 64
MAX_ENV = 256


class DesiredState(StrEnum):
    """What was last asked for, as opposed to the observed ``ProgramState``."""

    STOPPED = "Stopped"
    RUNNING = "Running"
    DELETED = "Deleted"


@dataclass(frozen=True, slots=True)
class ProgramOptions:
    """How a program is run, apart from what it is built from. Mappings are copied and read-only."""

    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    resources: ResourceLimits = ResourceLimits()
    restart_policy: RestartPolicy = RestartPolicy()

    def __post_init__(self) -> None:
        for what, mapping, most in (("env", self.env, MAX_ENV), ("labels", self.labels, MAX_LABELS)):
            if len(mapping) > most:
                raise InvalidValue(f"{what}: at most {most} entries, not {len(mapping)}")
            for name, value in mapping.items():
                _require_entry(what, name, value)
            object.__setattr__(self, what, MappingProxyType(dict(mapping)))


@dataclass(frozen=True, slots=True)
class Program:
    """One registered program. Changed only by the reducer; ``version`` counts the repository's saves."""

    id: ProgramID
    user_id: UserID
    build_id: BuildID
    publish_port: PublishPort
    created_at: datetime
    updated_at: datetime
    build_args: Mapping[str, str] = field(default_factory=dict)
    options: ProgramOptions = ProgramOptions()
    state: ProgramState = ProgramState.CREATED
    desired: DesiredState = DesiredState.STOPPED
    epoch: int = 0
    image_id: ImageID | None = None
    container_id: ContainerID | None = None
    container_started_at: datetime | None = None
    exit_reason: ExitReason | None = None
    error_msg: str = ""
    restarts: RestartHistory = RestartHistory()
    version: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "build_args", MappingProxyType(dict(self.build_args)))

    @property
    def proxy_url(self) -> str:
        return self.publish_port.url

    @property
    def is_being_deleted(self) -> bool:
        return self.desired is DesiredState.DELETED


def _require_entry(what: str, name: str, value: str) -> None:
    if not name or "=" in name or "\0" in name or "\0" in value:
        raise InvalidValue(f"{what}: {name!r:.80} is not a name and value without NUL or '='")
    try:
        (name + value).encode()
    except UnicodeEncodeError:
        raise InvalidValue(f"{what}: {name!r:.80} holds a lone surrogate, which UTF-8 cannot carry") from None
