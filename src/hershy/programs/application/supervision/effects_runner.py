"""Carries out one program's effects in order, and cancels them when a step interrupts."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hershy.core.exits import ExitKind, ExitReason
from hershy.core.log import get_logger
from hershy.errors import EngineUnavailable, HershyError
from hershy.programs.domain import events as on
from hershy.programs.domain.effects import Effect, ProbeReadiness, StartContainer, WatchExit, WatchHealth
from hershy.programs.domain.events import Result
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState

from ..services import Services
from .effect_handlers import ENGINE_RETRY_DELAY, EffectHandlers

_Tasks = set[asyncio.Task[object]]
_BACKGROUND = (ProbeReadiness, WatchExit, WatchHealth)

_log = get_logger("hershy.effects")


class EffectsRunner:
    """The effects of one step start when those of the step before have ended; an interrupt cancels those first.

    Background effects (probing, watching) go on beside the others until they end or are interrupted.
    """

    def __init__(
        self, services: Services, report: Callable[[Result], Awaitable[None]], on_gone: Callable[[JournalEntry], None]
    ) -> None:
        self._services = services
        self._handlers = EffectHandlers(services)
        self._report = report
        self._on_gone = on_gone
        self._foreground: _Tasks = set()
        self._background: _Tasks = set()

    def carry_out(self, program: Program, effects: Sequence[Effect], *, interrupts: bool) -> None:
        """Schedule the effects of the step that led to ``program``. Does not suspend."""
        waiting_for = set(self._foreground)
        if interrupts:
            waiting_for |= self._background
            for task in waiting_for:
                task.cancel()
        if effects:
            self._spawn(self._foreground, self._in_order(waiting_for, program, effects))

    @property
    def is_busy(self) -> bool:
        return bool(self._foreground)

    async def settled(self) -> None:
        while self._foreground:
            await asyncio.wait(set(self._foreground))

    async def aclose(self) -> None:
        tasks = self._foreground | self._background
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _spawn(self, group: _Tasks, work: Coroutine[Any, Any, object]) -> None:
        task: asyncio.Task[object] = asyncio.create_task(work)
        group.add(task)
        task.add_done_callback(group.discard)

    async def _in_order(self, waiting_for: _Tasks, program: Program, effects: Sequence[Effect]) -> None:
        if waiting_for:
            await asyncio.wait(waiting_for)
        for effect in effects:
            if isinstance(effect, _BACKGROUND):
                self._spawn(self._background, self._perform(program, effect))
            elif await self._perform(program, effect):
                return

    async def _perform(self, program: Program, effect: Effect) -> bool:
        """Carry out one effect; whether it had an outcome to report, which ends the step's sequence."""
        outcome = await self._outcome(program, effect)
        if isinstance(outcome, JournalEntry):
            self._on_gone(outcome)
        elif outcome is not None:
            await self._report(outcome)
        return outcome is not None

    async def _outcome(self, program: Program, effect: Effect) -> Result | JournalEntry | None:
        try:
            return await self._patiently(program, effect)
        except Exception as error:
            name = type(effect).__name__
            if not isinstance(error, HershyError | OSError):
                _log.exception("effect failed unexpectedly", program_id=str(program.id), effect=name)
            else:
                _log.warning("effect failed", program_id=str(program.id), effect=name, error=str(error))
            return _failure(effect, program, str(error) or f"{name}: {type(error).__name__}")

    async def _patiently(self, program: Program, effect: Effect) -> Result | JournalEntry | None:
        """Try again while the engine is away: a program on its way must not end in Error for it."""
        clock = self._services.clock
        began = clock.monotonic()
        is_waiting = False
        while True:
            try:
                return await self._handlers.perform(effect, program)
            except EngineUnavailable as error:
                if clock.monotonic() - began >= self._patience(program).total_seconds():
                    raise
                if not is_waiting:
                    _log.warning("waiting for the engine", program_id=str(program.id), error=str(error))
            is_waiting = True
            await clock.sleep(ENGINE_RETRY_DELAY)
            if isinstance(effect, StartContainer):
                effect = replace(effect, delay=timedelta())

    def _patience(self, program: Program) -> timedelta:
        """A deletion has a caller who waits; states at rest are cleaned up after when the engine is back."""
        if program.is_being_deleted:
            return timedelta()
        match program.state:
            case ProgramState.BUILDING | ProgramState.STARTING:
                return self._services.limits.start
            case ProgramState.STOPPING:
                return self._services.limits.engine
            case _:
                return timedelta()


def _failure(effect: Effect, program: Program, reason: str) -> Result | None:
    """The event by which the state that asked for an effect learns of its failure; None if it need not."""
    if isinstance(effect, ProbeReadiness):
        return on.ReadinessDeadlinePassed(program.epoch, reason)
    if isinstance(effect, WatchExit):
        return on.Exited(program.epoch, ExitReason(ExitKind.ENGINE_LOST))
    if program.is_being_deleted:
        return on.DeletionFailed(program.epoch, reason)
    match program.state:
        case ProgramState.BUILDING:
            return on.BuildFailed(program.epoch, reason)
        case ProgramState.STARTING:
            return on.StartFailed(program.epoch, reason)
        case ProgramState.STOPPING:
            return on.StopFailed(program.epoch, reason)
        case _:
            return None
