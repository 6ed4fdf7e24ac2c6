"""The operator's limits: deadlines of the states that must not last, and the most a caller may ask for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from hershy.builds.policy import BuildPolicy
from hershy.core.field_types import require_types
from hershy.core.resources import MIB, ResourceLimits
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState
from hershy.programs.domain.trouble import Patience


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """Deadlines of the states that must not last, and the most a program may ask for.

    ``build_queue`` is how long a build may wait for one of ``concurrent_builds``, ``build`` how long it may take then;
    ``builds_per_user`` of them are one user's, and ``waiting_builds_per_user`` more may wait (None: no bound);
    ``start`` bounds making and starting a container, other ports tried included, ``readiness`` the time from there to
    the first answer. ``stop_grace`` is the time between SIGTERM and SIGKILL; ``engine`` bounds what else the engine is
    asked to do. ``journal_entries`` are kept of each program; of programs that are gone, those of ``journal_age``, and
    ``journal_gone_entries`` of each user.
    The cache of builds is trimmed to ``build_cache_bytes``, and of what no build has used for ``build_cache_age``; None
    of bytes leaves it alone.
    ``max_registrations_per_minute`` are one user's; nobody's who is no user: an admin, or a Host's own process.
    ``egress`` is the most that any program has, whatever it asks for.
    """

    build_queue: timedelta = timedelta(minutes=30)
    build: timedelta = timedelta(minutes=10)
    start: timedelta = timedelta(minutes=5)
    readiness: timedelta = timedelta(seconds=60)
    stop_grace: timedelta = timedelta(seconds=10)
    engine: timedelta = timedelta(seconds=60)
    concurrent_builds: int = 4
    builds_per_user: int | None = None
    waiting_builds_per_user: int | None = None
    max_programs: int = 10_000
    max_programs_per_user: int = 1_000
    max_registrations_per_minute: int = 600
    max_source_bytes: int = 16 * MIB
    journal_entries: int = 1_000
    journal_age: timedelta = timedelta(days=30)
    journal_gone_entries: int = 100_000
    build_cache_bytes: int | None = 10 * 1024 * MIB
    build_cache_age: timedelta = timedelta(days=14)
    build_policy: BuildPolicy = BuildPolicy()
    egress: Egress = Egress.OPEN
    max_resources: ResourceLimits = ResourceLimits(
        cpus=64,
        memory_bytes=64 * 1024 * MIB,
        pids=32_768,
        open_files=1_048_576,
        log_bytes=1024 * MIB,
        state_bytes=1024 * 1024 * MIB,
        state_entries=1_048_576,
        scratch_bytes=64 * 1024 * MIB,
    )

    def __post_init__(self) -> None:
        require_types("host limits", self)

    def deadline_of(self, program: Program) -> datetime | None:
        """When the program must have left its state; None where it may stay.

        The effects of a state have deadlines of their own, and say better what went wrong. This one is above them: it
        holds whatever becomes of them.
        """
        since = max(program.state_since, program.next_restart_at or program.state_since)
        match program.state:
            case ProgramState.BUILDING:
                return since + self.build_queue + self.build + self.engine
            case ProgramState.BUILT | ProgramState.STARTING:
                return since + self.start
            case ProgramState.RUNNING:
                return since + self.readiness + 2 * self.engine
            case ProgramState.STOPPING:
                return since + self.stop_grace + 5 * self.engine
            case ProgramState.CREATED | ProgramState.READY | ProgramState.STOPPED | ProgramState.ERROR:
                return None
            case _:
                assert_never(program.state)

    def time_for(self, patience: Patience) -> timedelta:
        """How long an effect waits for an engine that is away."""
        match patience:
            case Patience.NONE:
                return timedelta()
            case Patience.START:
                return self.start
            case Patience.ENGINE:
                return self.engine
            case _:
                assert_never(patience)
