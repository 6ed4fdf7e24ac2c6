"""What time brings about: deadlines, times to live, idle programs, a full /state, an old journal. By sweep, not timers.

A timer is lost with the process that holds it; a sweep finds in the repository's own words what is due.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from hershy.access.principals import HOST
from hershy.core.log import get_logger
from hershy.errors import HershyError
from hershy.programs.domain import events as on
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState

from ..services import Services
from ..supervision.registry import Registry
from .engine_watch import EngineWatch
from .reconciler import Reconciler
from .state_limit import StateLimit

SWEEP_INTERVAL = timedelta(seconds=1)
MEASURE_EVERY = timedelta(seconds=5)
RECONCILE_EVERY = timedelta(seconds=15)
PRUNE_EVERY = timedelta(hours=1)
DELETION_RETRY = timedelta(minutes=1)
"""A program past its time to live whose deletion has failed is deleted again after so long."""

_log = get_logger("hershy.housekeeping")


class Housekeeping:
    def __init__(self, services: Services, registry: Registry, engine: EngineWatch, reconciler: Reconciler) -> None:
        self._services = services
        self._registry = registry
        self._engine = engine
        self._reconciler = reconciler
        self._reconciled_at = self._pruned_at = services.clock.monotonic()
        self._state_limit = StateLimit(services, registry)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Sweep again and again until closed."""
        # Measuring can take seconds, trimming minutes, and nothing else waits for them.
        self._tasks = [
            asyncio.create_task(self._run(SWEEP_INTERVAL, self._attend), name="housekeeping"),
            asyncio.create_task(self._run(MEASURE_EVERY, self._state_limit.enforce), name="state sizes"),
            asyncio.create_task(self._run(PRUNE_EVERY, self._trim_build_cache), name="build cache"),
        ]

    async def aclose(self) -> None:
        """Idempotent."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def sweep(self) -> None:
        """One round: what is due now is done, or asked of the programs' supervisors. See ``Host.sweep``."""
        await self._attend()
        await self._state_limit.enforce()

    async def _attend(self) -> None:
        now = self._services.clock.now()
        for supervisor in self._registry:
            due = self._due(supervisor.program, now)
            if due is not None:
                await supervisor.post(due, HOST.name)
        if self._engine.is_up and self._has_passed(RECONCILE_EVERY, self._reconciled_at):
            await self._reconciler.reconcile()
            self._reconciled_at = self._services.clock.monotonic()
        if self._has_passed(PRUNE_EVERY, self._pruned_at):
            limits = self._services.limits
            await self._services.repository.prune_journal(
                now - limits.journal_age, limits.journal_entries, limits.journal_gone_entries
            )
            self._pruned_at = self._services.clock.monotonic()

    async def _trim_build_cache(self) -> None:
        limits = self._services.limits
        if limits.build_cache_bytes is None or not self._engine.is_up:
            return
        freed = await self._services.builder.trim_cache(limits.build_cache_bytes, limits.build_cache_age)
        if freed:
            _log.info("build cache trimmed", bytes=freed)

    async def _run(self, interval: timedelta, round_of: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._services.clock.sleep(interval)
            try:
                await round_of()
            except HershyError as error:
                _log.warning("sweep broken off", error=str(error))
            except Exception:
                _log.exception("sweep failed")

    def _has_passed(self, interval: timedelta, since: float) -> bool:
        return self._services.clock.monotonic() - since >= interval.total_seconds()

    def _due(self, program: Program, now: datetime) -> on.Event | None:
        if program.is_being_deleted:
            return None
        deadline = self._services.limits.deadline_of(program)
        if deadline is not None and now >= deadline:
            lasted = (now - program.state_since).total_seconds()
            return on.DeadlinePassed(program.epoch, f"{program.state} for {lasted:.0f} s, longer than this Host allows")
        if not self._engine.is_up:
            return None
        options = program.options
        if options.ttl is not None and now >= self._deletion_due(program, options.ttl):
            return on.DeleteRequested(f"its time to live, {options.ttl.total_seconds():g} s, has passed")
        if options.idle_timeout is not None and self._is_idle(program, options.idle_timeout, now):
            return on.StopRequested(f"idle: no request for {options.idle_timeout.total_seconds():g} s")
        return None

    def _deletion_due(self, program: Program, ttl: timedelta) -> datetime:
        due = program.created_at + ttl
        has_failed = program.state is ProgramState.ERROR and program.updated_at >= due
        return program.updated_at + DELETION_RETRY if has_failed else due

    def _is_idle(self, program: Program, timeout: timedelta, now: datetime) -> bool:
        route = self._services.proxy.route(program.id)
        is_unused = route is not None and route.active == 0 and now - route.last_used_at >= timeout
        return program.state is ProgramState.READY and is_unused
