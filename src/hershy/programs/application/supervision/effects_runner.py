"""Carries out one program's effects in order, and cancels them when a step interrupts."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hershy.core.log import get_logger
from hershy.errors import EngineUnavailable, HershyError
from hershy.programs.domain.effects import Effect, ProbeReadiness, StartContainer, WatchExit, WatchHealth
from hershy.programs.domain.events import Result
from hershy.programs.domain.program import Program
from hershy.programs.domain.reducer import Step
from hershy.programs.domain.trouble import trouble_with

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
        self, services: Services, handlers: EffectHandlers, report: Callable[[Result], Awaitable[None]]
    ) -> None:
        self._services = services
        self._handlers = handlers
        self._report = report
        self._foreground: _Tasks = set()
        self._background: _Tasks = set()

    def carry_out(self, step: Step) -> None:
        """Schedule the effects of a step, and the event that follows them. Does not suspend."""
        waiting_for = set(self._foreground)
        if step.interrupts:
            waiting_for |= self._background
            for task in waiting_for:
                task.cancel()
        if step.effects or step.then is not None:
            self._spawn(self._foreground, self._in_order(waiting_for, step))

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

    async def _in_order(self, waiting_for: _Tasks, step: Step) -> None:
        if waiting_for:
            await asyncio.wait(waiting_for)
        for effect in step.effects:
            if isinstance(effect, _BACKGROUND):
                self._spawn(self._background, self._perform(step.program, effect))
            elif await self._perform(step.program, effect):
                return
        if step.then is not None:
            await self._report(step.then)

    async def _perform(self, program: Program, effect: Effect) -> bool:
        """Carry out one effect; whether it had an outcome to report, which ends the step's sequence."""
        outcome = await self._outcome(program, effect)
        if outcome is not None:
            await self._report(outcome)
        return outcome is not None

    async def _outcome(self, program: Program, effect: Effect) -> Result | None:
        try:
            return await self._patiently(program, effect)
        except Exception as error:
            name = type(effect).__name__
            if not isinstance(error, HershyError | OSError):
                _log.exception("effect failed unexpectedly", program_id=str(program.id), effect=name)
            else:
                _log.warning("effect failed", program_id=str(program.id), effect=name, error=str(error))
            event = trouble_with(effect, program).event
            return event and event(program.epoch, str(error) or f"{name}: {type(error).__name__}")

    async def _patiently(self, program: Program, effect: Effect) -> Result | None:
        """Try again while the engine is away: a program on its way must not end in Error for it."""
        clock = self._services.clock
        began = clock.monotonic()
        patience = self._services.limits.time_for(trouble_with(effect, program).patience)
        is_waiting = False
        while True:
            try:
                return await self._handlers.perform(effect, program)
            except EngineUnavailable as error:
                if clock.monotonic() - began >= patience.total_seconds():
                    raise
                if not is_waiting:
                    _log.warning("waiting for the engine", program_id=str(program.id), error=str(error))
            is_waiting = True
            await clock.sleep(ENGINE_RETRY_DELAY)
            if isinstance(effect, StartContainer):
                effect = replace(effect, delay=timedelta())
