"""What can happen to a program. Requests come from callers; results come back from effects.

A result carries the ``epoch`` of the effect it belongs to. The epoch is raised whenever effects under way are
cancelled, so a result of a cancelled effect is recognised by its old epoch and dropped.
"""

from dataclasses import dataclass

from .exits import ExitReason
from .ids import ContainerID, ImageID, PublishPort


@dataclass(frozen=True, slots=True)
class StartRequested:
    """``image_id``: the image of this program's BuildID if the engine still has it."""

    label = "start requested"
    image_id: ImageID | None = None


@dataclass(frozen=True, slots=True)
class StopRequested:
    label = "stop requested"


@dataclass(frozen=True, slots=True)
class RestartRequested:
    label = "restart requested"


@dataclass(frozen=True, slots=True)
class DeleteRequested:
    label = "delete requested"


@dataclass(frozen=True, slots=True)
class BuildSucceeded:
    label = "build succeeded"
    epoch: int
    image_id: ImageID


@dataclass(frozen=True, slots=True)
class BuildFailed:
    label = "build failed"
    epoch: int
    reason: str


@dataclass(frozen=True, slots=True)
class CreationBegun:
    label = "container creation begun"
    epoch: int


@dataclass(frozen=True, slots=True)
class ContainerStarted:
    """``publish_port`` differs from the program's when that one was held by a stranger."""

    label = "container started"
    epoch: int
    container_id: ContainerID
    publish_port: PublishPort


@dataclass(frozen=True, slots=True)
class StartFailed:
    label = "start failed"
    epoch: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReadinessReached:
    label = "readiness reached"
    epoch: int


@dataclass(frozen=True, slots=True)
class ReadinessDeadlinePassed:
    """``reason`` holds the deadline and the container's last log lines."""

    label = "readiness deadline passed"
    epoch: int
    reason: str


@dataclass(frozen=True, slots=True)
class Exited:
    """``log_tail``: the container's last log lines, oldest first."""

    label = "exited"
    epoch: int
    exit_reason: ExitReason
    log_tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StopCompleted:
    label = "stopped"
    epoch: int


@dataclass(frozen=True, slots=True)
class StopFailed:
    label = "stop failed"
    epoch: int
    reason: str


@dataclass(frozen=True, slots=True)
class DeletionFailed:
    label = "deletion failed"
    epoch: int
    reason: str


Request = StartRequested | StopRequested | RestartRequested | DeleteRequested
Result = (
    BuildSucceeded
    | BuildFailed
    | CreationBegun
    | ContainerStarted
    | StartFailed
    | ReadinessReached
    | ReadinessDeadlinePassed
    | Exited
    | StopCompleted
    | StopFailed
    | DeletionFailed
)
Event = Request | Result
EventType = type[Event]
