"""Runtime: an image becomes a hardened, running container."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from hershy.core.diagnosis import Requirement
from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitReason
from hershy.core.ids import BuildID, ContainerID, ImageID, ProgramID, PublishPort, UserID
from hershy.core.resources import ResourceLimits
from hershy.errors import RuntimeFailure
from hershy.programs.domain.egress import Egress

from .storage import StateVolume


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """What to run. The security contract is the runtime's own and cannot be asked for differently.

    ``state`` is mounted read-write at ``/state``; 8080 inside is reached at the endpoint that ``start`` tells,
    whatever its ``egress``. ``publish_port``: what a local runtime publishes it on; None for others.
    """

    program_id: ProgramID
    user_id: UserID
    build_id: BuildID
    image_id: ImageID
    state: StateVolume
    publish_port: PublishPort | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    resources: ResourceLimits = ResourceLimits()
    egress: Egress = Egress.OPEN


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """``exit_reason`` is None while the process runs or was never started. ``egress`` is what it really has.

    ``endpoint``: where it is reached while it runs. ``publish_port``: what a local runtime publishes it on.
    """

    container_id: ContainerID
    program_id: ProgramID
    is_running: bool
    image_id: ImageID
    endpoint: Endpoint | None = None
    publish_port: PublishPort | None = None
    exit_reason: ExitReason | None = None
    egress: Egress = Egress.OPEN


class LogStream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a program's output, without its line end; bytes that are not UTF-8 are replaced."""

    at: datetime
    stream: LogStream
    text: str


@dataclass(frozen=True, slots=True)
class LogQuery:
    """``streams`` picks lines; of those, ``since`` the ones at that moment or later, ``tail`` at most so many newest.

    ``tail`` None gives all that is kept. ``follow``: go on with what comes until the container ends. Moments are
    compared by the microsecond, so that ``since`` the ``at`` of a line includes that line.
    """

    tail: int | None = 200
    follow: bool = False
    since: datetime | None = None
    streams: frozenset[LogStream] = frozenset(LogStream)


class ContainerEventKind(StrEnum):
    """``EXITED`` is told before ``REMOVED``. ``OUT_OF_MEMORY``: the kernel killed one of the container's processes
    for its memory, which the container may survive; an engine may miss it, ``ExitReason`` is what counts.
    """

    STARTED = "started"
    EXITED = "exited"
    REMOVED = "removed"
    OUT_OF_MEMORY = "out_of_memory"


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """What the engine says has happened to a container, ``at`` the engine's time."""

    program_id: ProgramID
    container_id: ContainerID
    kind: ContainerEventKind
    at: datetime


@dataclass(frozen=True, slots=True)
class ContainerStats:
    """What a running container uses, as the engine measures it from outside: with what encloses the program.

    ``cpu_seconds`` and the network's bytes count from the start of the container. ``memory_bytes`` leaves out cached
    files that the kernel can drop at once; at ``memory_limit_bytes`` the kernel kills. ``pids`` counts processes and
    threads, in a sandbox also the sandbox's own, and not those that only the sandbox's kernel knows.
    """

    at: datetime
    cpu_seconds: float
    memory_bytes: int
    memory_limit_bytes: int
    pids: int
    network_rx_bytes: int
    network_tx_bytes: int


class Runtime(ABC):
    """Runs containers named ``hersh-program-{program_id}``, labelled with the owner given to the adapter.

    At most one container exists per program. Every method raises EngineUnavailable when the engine does not
    answer, and ContainerNotFound for a container that does not exist unless it says otherwise.
    """

    @abstractmethod
    async def create(self, spec: ContainerSpec) -> ContainerID:
        """Create a container with every security contract enforced and read back; do not start it.

        Raises AlreadyExists when this program has a container, ImageNotFound, ContractViolation (the container
        has been removed again), RuntimeFailure for anything else the engine refuses. Cancelled or failed, it
        leaves no container: it waits for the engine's answer and removes what was made.
        """

    @abstractmethod
    async def start(self, container_id: ContainerID) -> Endpoint:
        """Start a created container, and return where it is reached, once connections there are passed on; one that
        runs is left as it is.

        Where the adapter passes them on by itself, as to a container without egress, that ends with the adapter's
        process: another adapter of the same owner takes it up again when it is told to start the running container.

        Raises RuntimeFailure when the process cannot be started. The container remains, not running unless it ran
        before; the caller removes it. Cancelled, it may run or not, and can be stopped or removed as ever.
        """

    @abstractmethod
    async def stop(self, container_id: ContainerID, grace: timedelta) -> None:
        """SIGTERM, up to ``grace`` for the process to end, then SIGKILL. Returns once it has ended.

        Idempotent: a container that does not run is left as it is. Cancelled, the engine goes on stopping it.
        An engine may count ``grace`` in whole seconds, rounded up.
        """

    @abstractmethod
    async def remove(self, container_id: ContainerID) -> None:
        """Remove the container, killing its process if need be. An absent container is no error."""

    @abstractmethod
    async def wait(self, container_id: ContainerID) -> ExitReason:
        """Return once the process has ended, at once if it already has. No deadline of its own; cancel freely.

        A container that is removed while waited for gives ``ENGINE_LOST``. Raises RuntimeFailure for one that
        was never started.
        """

    @abstractmethod
    def logs(self, container_id: ContainerID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        """Yield output lines, oldest first. Followed, it survives any silence and ends with the container.

        A container that is removed while it is followed ends it too, without an error, after the lines there were.
        A line longer than the adapter's bound (at least 64 KiB) is cut there. Raises ContainerNotFound on first
        iteration. Closing the iterator (``aclose``) releases its connection.
        """

    @abstractmethod
    def events(self) -> AbstractAsyncContextManager[AsyncIterator[ContainerEvent]]:
        """Receive what happens to this owner's containers, oldest first, until leaving the context.

        Once entered, nothing that happens is missed; entering raises EngineUnavailable, within a deadline. It
        survives any silence. Iterating raises EngineUnavailable when the engine goes away, and when the reader
        falls so far behind that the bounded buffer overflows; what came before is still given. It never ends by
        itself: then whoever needs to know subscribes anew and looks (``list_owned``) what the gap has hidden.
        """

    async def stats(self, container_id: ContainerID) -> ContainerStats:
        """What the container uses now. Takes milliseconds; raises RuntimeFailure when it does not run, and where this
        runtime does not measure."""
        raise RuntimeFailure(f"reading the statistics of {container_id}: this runtime does not measure")

    @abstractmethod
    async def list_owned(self, program_id: ProgramID | None = None) -> Sequence[ContainerStatus]:
        """Every container of this owner, running or not; of one program if given. Never somebody else's."""

    async def diagnose(self) -> Sequence[Requirement]:
        """Say what this adapter needs from the machine and whether it is there. Never raises for what it finds."""
        return []

    async def aclose(self) -> None:  # noqa: B027 -- many have nothing to release
        """Release connections; containers go on. Idempotent; releases also when it fails."""
