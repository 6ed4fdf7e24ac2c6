"""What the reducer asks to be done. Effects are data; the effects runner carries them out, in order.

Each is idempotent: carried out twice, or again after a crash half-way, it leaves the same world behind.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class PrepareFolders:
    """Make the program's folders below the storage root."""


@dataclass(frozen=True, slots=True)
class BuildImage:
    """Build the image; ends in BuildSucceeded or BuildFailed."""


@dataclass(frozen=True, slots=True)
class StartContainer:
    """After ``delay``, remove leftovers, create and start a container.

    Ends in ContainerStarted, StartFailed, or PortExchanged when a stranger holds the port; ``attempt`` counts from 1.
    """

    delay: timedelta = timedelta()
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class ProbeReadiness:
    """Probe in the background; ends in ReadinessReached or ReadinessDeadlinePassed."""


@dataclass(frozen=True, slots=True)
class WatchExit:
    """Wait in the background for the process to end; ends in Exited."""


@dataclass(frozen=True, slots=True)
class WatchHealth:
    """Probe in the background until health changes; ends in HealthCheckFailed, or HealthRestored if unhealthy now."""

    is_healthy: bool = True


@dataclass(frozen=True, slots=True)
class OpenProxy:
    """Let callers reach the program."""


@dataclass(frozen=True, slots=True)
class CloseProxy:
    """Stop letting callers reach the program."""


@dataclass(frozen=True, slots=True)
class StopContainer:
    """SIGTERM, grace, SIGKILL, keep the logs, remove; ends in StopCompleted or StopFailed."""


@dataclass(frozen=True, slots=True)
class RemoveContainer:
    """Keep the logs of whatever is left of the program's container and remove it."""


@dataclass(frozen=True, slots=True)
class DeleteProgram:
    """Remove container, image without user and files; ends in DeletionCompleted or DeletionFailed."""


Effect = (
    PrepareFolders
    | BuildImage
    | StartContainer
    | ProbeReadiness
    | WatchExit
    | WatchHealth
    | OpenProxy
    | CloseProxy
    | StopContainer
    | RemoveContainer
    | DeleteProgram
)
