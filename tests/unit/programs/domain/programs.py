"""Programs and events to test with."""

from datetime import UTC, datetime
from typing import Any

from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import BuildID, ContainerID, ImageID, ProgramID, PublishPort, UserID
from hershy.programs.domain import events as on
from hershy.programs.domain.events import Event
from hershy.programs.domain.program import Program

NOW = datetime(2026, 1, 1, tzinfo=UTC)
IMAGE = ImageID("sha256:abc")
CONTAINER = ContainerID("c0ffee")
PORT = PublishPort(19001)
OTHER_PORT = PublishPort(19002)
BUILD = BuildID("build-0123456789ab")


def program(nonce: int = 0, **changes: Any) -> Program:
    """A program just registered, with ``changes`` to its fields."""
    user = changes.pop("user_id", UserID("alice"))
    build = changes.pop("build_id", BUILD)
    given = {"publish_port": PORT, "created_at": NOW, "updated_at": NOW} | changes
    return Program(id=ProgramID.compose(user, build, f"{nonce:08x}"), user_id=user, build_id=build, **given)


REQUESTS: tuple[Event, ...] = (
    on.StartRequested(),
    on.StartRequested(IMAGE),
    on.StopRequested(),
    on.RestartRequested(),
    on.DeleteRequested(),
)


def results(epoch: int) -> tuple[Event, ...]:
    """One of every result an effect of this epoch can end in."""
    return (
        on.BuildSucceeded(epoch, IMAGE),
        on.BuildFailed(epoch, "no"),
        on.CreationBegun(epoch),
        on.PortExchanged(epoch, OTHER_PORT, 2),
        on.ImageMissing(epoch),
        on.ContainerStarted(epoch, CONTAINER, PORT.endpoint),
        on.StartFailed(epoch, "no"),
        on.ReadinessReached(epoch),
        on.ReadinessDeadlinePassed(epoch, "no"),
        on.HealthCheckFailed(epoch, "no"),
        on.HealthRestored(epoch),
        on.Exited(epoch, ExitReason.from_status(0)),
        on.Exited(epoch, ExitReason.from_status(1), ("last words",)),
        on.Exited(epoch, ExitReason.from_status(137, out_of_memory=True)),
        on.Exited(epoch, ExitReason(ExitKind.ENGINE_LOST)),
        on.StopCompleted(epoch),
        on.StopFailed(epoch, "no"),
        on.DeletionCompleted(epoch),
        on.DeletionFailed(epoch, "no"),
    )


def findings(epoch: int) -> tuple[Event, ...]:
    """What a sweep or a restart of the Host can find."""
    crashed = on.FoundContainer(CONTAINER, False, None, PORT, ExitReason.from_status(1), ("last words",))
    return (
        on.DeadlinePassed(epoch, "too long"),
        on.StateLimitPassed(epoch, "too much"),
        on.HostRestarted(epoch),
        on.HostRestarted(epoch, on.FoundContainer(CONTAINER, True, OTHER_PORT.endpoint, OTHER_PORT)),
        on.HostRestarted(epoch, on.FoundContainer(CONTAINER, False)),
        on.HostRestarted(epoch, crashed),
        on.LeftoverFound(epoch),
    )
