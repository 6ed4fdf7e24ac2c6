"""What can happen to a program. Requests come from callers; results come back from effects; findings from the sweep.

A result carries the ``epoch`` of the effect it belongs to. The epoch is raised whenever effects under way are
cancelled, so a result of a cancelled effect is recognised by its old epoch and dropped. A finding carries the epoch
of the program it was made about, and is dropped alike when something else has happened meanwhile.

``label`` names the event; ``detail`` says in words what it brings along, for the journal.
"""

from dataclasses import dataclass
from typing import ClassVar

from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitReason
from hershy.core.ids import ContainerID, ImageID, PublishPort

from .last_words import with_last_words


@dataclass(frozen=True, slots=True)
class StartRequested:
    """``image_id``: the image of this program's BuildID if the engine still has it."""

    label: ClassVar[str] = "start requested"
    detail: ClassVar[str] = ""
    image_id: ImageID | None = None


@dataclass(frozen=True, slots=True)
class StopRequested:
    """``detail``: why, where it was no caller who asked (an idle timeout, say)."""

    label: ClassVar[str] = "stop requested"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RestartRequested:
    label: ClassVar[str] = "restart requested"
    detail: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class DeleteRequested:
    """``detail``: why, where it was no caller who asked (a time to live that has passed)."""

    label: ClassVar[str] = "delete requested"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BuildSucceeded:
    label: ClassVar[str] = "build succeeded"
    detail: ClassVar[str] = ""
    epoch: int
    image_id: ImageID


@dataclass(frozen=True, slots=True)
class BuildFailed:
    label: ClassVar[str] = "build failed"
    epoch: int
    cause: str

    @property
    def detail(self) -> str:
        return f"Build failed: {self.cause}"


@dataclass(frozen=True, slots=True)
class CreationBegun:
    label: ClassVar[str] = "container creation begun"
    detail: ClassVar[str] = ""
    epoch: int


@dataclass(frozen=True, slots=True)
class PortExchanged:
    """A stranger holds the publish port; try for the ``attempt``-th time, on ``publish_port``."""

    label: ClassVar[str] = "publish port held"
    epoch: int
    publish_port: PublishPort
    attempt: int

    @property
    def detail(self) -> str:
        return f"another process on this machine holds the publish port; moved to {self.publish_port}"


@dataclass(frozen=True, slots=True)
class ImageMissing:
    """The image was there when the start was decided, and is not any more: pruned, or left out of a backup."""

    label: ClassVar[str] = "image missing"
    detail: ClassVar[str] = "the image is not in the engine's store any more; it is built again"
    epoch: int


@dataclass(frozen=True, slots=True)
class ContainerStarted:
    label: ClassVar[str] = "container started"
    detail: ClassVar[str] = ""
    epoch: int
    container_id: ContainerID
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class StartFailed:
    label: ClassVar[str] = "start failed"
    epoch: int
    detail: str


@dataclass(frozen=True, slots=True)
class ReadinessReached:
    label: ClassVar[str] = "readiness reached"
    detail: ClassVar[str] = ""
    epoch: int


@dataclass(frozen=True, slots=True)
class ReadinessDeadlinePassed:
    """``detail`` holds the deadline and the container's last log lines."""

    label: ClassVar[str] = "readiness deadline passed"
    epoch: int
    detail: str


@dataclass(frozen=True, slots=True)
class HealthCheckFailed:
    """As many probes in a row have failed as the program's health check allows."""

    label: ClassVar[str] = "health check failed"
    epoch: int
    detail: str


@dataclass(frozen=True, slots=True)
class HealthRestored:
    label: ClassVar[str] = "health restored"
    detail: ClassVar[str] = ""
    epoch: int


@dataclass(frozen=True, slots=True)
class Exited:
    """``log_tail``: the container's last log lines, oldest first."""

    label: ClassVar[str] = "exited"
    epoch: int
    exit_reason: ExitReason
    log_tail: tuple[str, ...] = ()

    @property
    def detail(self) -> str:
        return with_last_words(f"program {self.exit_reason}", self.log_tail)


@dataclass(frozen=True, slots=True)
class StopCompleted:
    label: ClassVar[str] = "stopped"
    detail: ClassVar[str] = ""
    epoch: int


@dataclass(frozen=True, slots=True)
class StopFailed:
    label: ClassVar[str] = "stop failed"
    epoch: int
    detail: str


@dataclass(frozen=True, slots=True)
class DeletionCompleted:
    """Nothing is left of the program but its registration."""

    label: ClassVar[str] = "deleted"
    detail: ClassVar[str] = ""
    epoch: int


@dataclass(frozen=True, slots=True)
class DeletionFailed:
    label: ClassVar[str] = "deletion failed"
    epoch: int
    detail: str


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The program has been in a state that must not last for longer than the Host allows."""

    label: ClassVar[str] = "deadline passed"
    epoch: int
    detail: str


@dataclass(frozen=True, slots=True)
class StateLimitPassed:
    """The program keeps more in its ``/state`` than it may."""

    label: ClassVar[str] = "state limit passed"
    epoch: int
    detail: str


@dataclass(frozen=True, slots=True)
class FoundContainer:
    """A program's container as the engine shows it. ``exit_reason`` None and not running: it was never started."""

    container_id: ContainerID
    is_running: bool
    endpoint: Endpoint | None = None
    publish_port: PublishPort | None = None
    exit_reason: ExitReason | None = None
    log_tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostRestarted:
    """A Host takes the program up again; ``found`` is its container, None when there is none."""

    label: ClassVar[str] = "host restarted"
    epoch: int
    found: FoundContainer | None = None

    @property
    def detail(self) -> str:
        if self.found is None:
            return "no container was found"
        if self.found.is_running:
            return f"its running container {self.found.container_id} was found"
        state = self.found.exit_reason or "not started"
        return with_last_words(f"its container {self.found.container_id} was found: {state}", self.found.log_tail)


@dataclass(frozen=True, slots=True)
class LeftoverFound:
    """The engine still has a container of a program at rest."""

    label: ClassVar[str] = "leftover found"
    detail: ClassVar[str] = ""
    epoch: int


Request = StartRequested | StopRequested | RestartRequested | DeleteRequested
Result = (
    BuildSucceeded
    | BuildFailed
    | CreationBegun
    | PortExchanged
    | ImageMissing
    | ContainerStarted
    | StartFailed
    | ReadinessReached
    | ReadinessDeadlinePassed
    | HealthCheckFailed
    | HealthRestored
    | Exited
    | StopCompleted
    | StopFailed
    | DeletionCompleted
    | DeletionFailed
)
SweepFinding = DeadlinePassed | StateLimitPassed | HostRestarted | LeftoverFound
Event = Request | Result | SweepFinding
EventType = type[Event]
