"""One Watcher at work: takes signals one at a time, and carries out the effect of each to its end.

A single task does it. It is replaced only when it is stuck in a function that does not even end when cancelled.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from typing import Any, Final

from .calling import call, ends_within, is_async
from .clock import Clock
from .containment import PASSES
from .context import Context
from .control import KillWatcher, StopWatcher
from .errors import RegistrationError
from .inbox import Inbox
from .logs import EffectEntry, ReduceEntry, StateFaultEntry, logger
from .recovery import Recovery
from .reducer import Effect, Event, reduce
from .runner import Runner
from .session import Definition, Session
from .signals import BY_USER, BY_WATCHER, Message, Signal, SignalKind, Trigger
from .sources import Sources
from .states import WatcherState as S
from .wording import fault, said

CLOSING_LIMIT_S: Final = 5.0
"""For all iterators together."""
MOST_GIVEN_UP: Final = 16
"""Functions that went on after they were cancelled: with so many, the program crashes rather than fill the memory."""
TURNS: Final = 16
"""Signals taken in a row before everybody else on the event loop gets a turn."""

_VERDICTS: Final = {
    Recovery.RETRY: Event.FAILED_LIGHTLY,
    Recovery.RECOVER: Event.FAILED_REPEATEDLY,
    Recovery.CRASH: Event.FAILED_FOR_GOOD,
}


class Engine:
    """Lives on one event loop. Other threads may call ``offer``, and read."""

    def __init__(self, definition: Definition, clock: Clock) -> None:
        self._wake = asyncio.Event()
        self._stop_asked = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.session: Final = Session(definition, clock, self._wake.set)
        self.inbox: Final = Inbox(definition.watcher_id, definition.config.signal_capacity, self._message_arrived)
        self.state = self.previous_state = self._before_running = S.NOT_RUN
        self.last_update_s = clock.time()
        self._began_s = clock.monotonic()
        self.failures = 0
        self.reason = ""
        self.ended: Final = asyncio.Event()
        self._clock = clock
        self._config = definition.config
        self._timeout_s = definition.config.timeout.total_seconds()
        self._cleanup = definition.cleanup
        self._is_plain = not is_async(definition.function)
        self._function = self._awaitable(definition.function)
        self._sources = Sources(self.session, self._loop)
        self._trigger: Trigger = BY_WATCHER
        self._message: Message | None = None
        self._delay = timedelta()
        self._has_succeeded = False
        self._drain_is_over = False
        self._turns = 0
        self._effect = Effect.NEXT
        self._limiter: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._given_up: set[asyncio.Task[None]] = set()
        self._runner: Runner | None = None
        self._context: Context | None = None

    def start(self) -> None:
        """Begin the first execution."""
        self.inbox.open()
        self._remember("start")
        self._go_on(self._apply(Event.START))

    async def stop(self) -> None:
        """Carry out what was accepted, clean up, end. Returns when all of it is over; asked twice, it is one stop.

        Cancelling it does not undo it. Raises RuntimeError in the managed function, which cannot wait for its own end.
        """
        if asyncio.current_task() is self._task:
            raise RuntimeError("a managed function cannot wait for its own end: raise StopWatcher")
        if not self._stop_asked.is_set() and not self.ended.is_set():
            self._stop_asked.set()
            self._remember("stop")
            self.inbox.close(S.STOPPING)
            self._sources.cancel()
            self._wake.set()
            self._limiter = asyncio.create_task(self._limit_drain(), name="limit of the stop")
        await self.ended.wait()

    def offer(self, content: str) -> Future[None] | None:
        """Accept a message, or park its sender; see ``Inbox.offer``. From any thread."""
        message = Message(content, self._clock.time())
        parked = self.inbox.offer(message)
        self.session.offered(message)
        return parked

    @property
    def uptime_s(self) -> float:
        return self._clock.monotonic() - self._began_s

    @property
    def pending_watcher_signals(self) -> int:
        return int(self._stop_asked.is_set() and not (self.state is S.STOPPING or self.state.is_final))

    def _message_arrived(self) -> None:
        self._loop.call_soon_threadsafe(self._wake.set)

    def _go_on(self, effect: Effect) -> None:
        self._task = self._loop.create_task(self._live(effect), name=self.session.watcher_id)

    async def _live(self, effect: Effect) -> None:
        runner = self._runner = Runner(self._clock, self._config.cancel_grace.total_seconds(), self._give_up)
        self._context = Context(self.session, self._sources)
        try:
            while True:
                self._effect = effect
                if effect is Effect.RUN:
                    event = await self._execute(runner)
                elif effect is Effect.NEXT:
                    await self._let_others_run()
                    event = self._signal() or await self._next()
                elif effect is Effect.WAIT:
                    event = await self._wait()
                elif effect is Effect.CLEAN_UP:
                    event = await self._clean_up(runner)
                else:
                    break
                effect = self._apply(event)
            await self._end()
        except PASSES:
            if not runner.given_up:
                self._abort(S.KILLED, "its event loop is ending")
            raise
        except Exception as error:
            if not runner.given_up:
                logger.exception("%s: the framework itself has failed", self.session.watcher_id)
                self._abort(S.CRASHED, f"the framework itself has failed: {fault(error)}")

    def _apply(self, event: Event) -> Effect:
        before = self.state
        state, effect = reduce(before, event)
        self.last_update_s = self._clock.time()
        self.session.logs.reduce.add(ReduceEntry(self.last_update_s, before, state, event))
        if state is not before:
            self._remember_previous(before, state)
            self.state = state
            if state is S.STOPPING or state.is_final:
                self.inbox.close(state)
        return effect

    def _remember_previous(self, before: S, state: S) -> None:
        """An execution is no stay anywhere: Ready again, the Watcher comes from where it came before that execution."""
        if state is S.RUNNING:
            self._before_running = self.previous_state if before is S.READY else before
        self.previous_state = self._before_running if (before, state) == (S.RUNNING, S.READY) else before

    async def _let_others_run(self) -> None:
        """Before a signal is taken, not after: a stop that comes meanwhile is the next one."""
        self._turns += 1
        if self._turns % TURNS == 0:
            await asyncio.sleep(0)

    def _signal(self) -> Event | None:
        """The signal to be taken next, by priority; None when there is none."""
        if self.state is S.STOPPING:
            if self._drain_is_over:
                return Event.DRAINED
        elif self._stop_asked.is_set():
            return Event.STOP
        elif not self._has_succeeded or self.state is S.WAIT_RECOVER:
            self._remember("run again")
            self._trigger, self._message = BY_WATCHER, None
            return Event.RUN_DUE if self._has_succeeded else Event.FIRST_RUN_DUE
        message = self.inbox.take()
        if message is not None:
            self._trigger, self._message = BY_USER, message
            return Event.MESSAGE
        if self.session.variables.has_changes:
            self._trigger, self._message = self.session.variables.take(), None
            return Event.CHANGES
        return Event.DRAINED if self.state is S.STOPPING else None

    async def _next(self) -> Event:
        while True:
            self._wake.clear()
            event = self._signal()
            if event is not None:
                return event
            if self.inbox.is_empty_for_now():
                await self._wake.wait()

    async def _execute(self, runner: Runner) -> Event:
        assert self._context is not None
        self._context.trigger = self._trigger
        began_s = self._clock.monotonic()
        try:
            await runner.run(self._function, self._context, self._message, limit_s=self._timeout_s)
            event = Event.RETURNED
        except StopWatcher as control:
            self.reason, event = said(control), Event.STOP_RAISED
        except KillWatcher as control:
            self.reason, event = said(control), Event.KILL_RAISED
        except PASSES:
            raise
        except BaseException as error:
            if runner.given_up:
                raise
            if self._is_plain and runner.was_cut(error):
                self._leave_thread_behind(self._context)
            event = self._failed(error)
        if self._context.fatal is not None and event is not Event.FAILED_FOR_GOOD:
            event = self._failed(self._context.fatal)
        if event is Event.RETURNED:
            self._has_succeeded = True
            self.failures = 0
        self._executed(event, began_s)
        return event

    def _executed(self, event: Event, began_s: float) -> None:
        took_s = self._clock.monotonic() - began_s
        self._log_effect("run", event, took_s)
        if self._trigger.var_names:
            self.session.variables.settle()

    def _failed(self, error: BaseException) -> Event:
        self.failures += 1
        self.reason = fault(error)
        logger.error("%s: failure %d in a row", self.session.watcher_id, self.failures, exc_info=error)
        self._log_fault(f"failure {self.failures} in a row: {self.reason}")
        verdict, self._delay = self._config.recovery.after(self.failures)
        if isinstance(error, RegistrationError) or len(self._given_up) >= MOST_GIVEN_UP:
            verdict = Recovery.CRASH
        return _VERDICTS[verdict]

    def _leave_thread_behind(self, context: Context) -> None:
        context.give_up()
        self._context = Context(self.session, self._sources)

    async def _wait(self) -> Event:
        began_s = self._clock.monotonic()
        stop = asyncio.create_task(self._stop_asked.wait())
        try:
            is_stopped = await ends_within(stop, self._delay.total_seconds(), self._clock)
        finally:
            stop.cancel()
        event = Event.STOP if is_stopped else Event.WAITED
        self._log_effect("wait", event, self._clock.monotonic() - began_s)
        return event

    async def _clean_up(self, runner: Runner) -> Event:
        assert self._context is not None
        await self._sources.close(CLOSING_LIMIT_S)
        if self._cleanup is not None:
            self._context.trigger = self._trigger = BY_WATCHER
            began_s = self._clock.monotonic()
            outcome = "returned"
            limit_s = self._config.cleanup_timeout.total_seconds()
            try:
                await runner.run(self._awaitable(self._cleanup), self._context, limit_s=limit_s)
            except PASSES:
                raise
            except BaseException as error:
                if runner.given_up:
                    raise
                logger.error("%s: cleanup failed", self.session.watcher_id, exc_info=error)
                self._log_fault(f"cleanup failed: {fault(error)}")
                outcome = "failed"
            self._log_effect("cleanup", outcome, self._clock.monotonic() - began_s)
        return Event.CLEANED_UP

    async def _end(self) -> None:
        if self._runner is not None:
            self._runner.close()
        if self._limiter is not None:
            self._limiter.cancel()
        await self._sources.close(CLOSING_LIMIT_S)
        if len(self.inbox):
            self._log_fault(f"{len(self.inbox)} accepted messages were not executed")
            logger.error("%s: %d accepted messages were not executed", self.session.watcher_id, len(self.inbox))
        self.ended.set()

    def _abort(self, state: S, why: str) -> None:
        self.previous_state, self.state, self.reason = self.state, state, why
        self._log_fault(why)
        self.inbox.close(state)
        self._sources.cancel()
        self.ended.set()

    def _give_up(self, overdue: Exception) -> None:
        """Go on without the function that runs: it has not even ended when it was cancelled."""
        assert self._task is not None
        assert self._context is not None
        self._given_up.add(self._task)
        self._task.add_done_callback(self._given_up.discard)
        self._context.give_up()
        self._log_fault(f"given up, because it went on after it was cancelled: {fault(overdue)}")
        if self._effect is Effect.CLEAN_UP:
            event = Event.CLEANED_UP
            self._log_effect("cleanup", "given up", self._config.cleanup_timeout.total_seconds())
        else:
            event = self._failed(overdue)
            self._executed(event, self._clock.monotonic() - self._timeout_s)
        self._go_on(self._apply(event))

    async def _limit_drain(self) -> None:
        limit_s = self._config.stop_timeout.total_seconds()
        await self._clock.sleep(limit_s)
        self._drain_is_over = True
        if self._effect is Effect.RUN and self._runner is not None:
            self._runner.hurry(f"the stop's limit of {limit_s:g} s has passed")

    def _awaitable(self, function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        return function if is_async(function) else partial(call, self.session.threads, function)

    def _remember(self, content: str) -> None:
        self.session.recent.append(Signal(SignalKind.WATCHER, content, self._clock.time()))

    def _log_effect(self, effect: str, outcome: str, took_s: float) -> None:
        entry = EffectEntry(self._clock.time(), effect, outcome, str(self._trigger), took_s)
        self.session.logs.effect.add(entry)

    def _log_fault(self, message: str) -> None:
        self.session.logs.state_fault.add(StateFaultEntry(self._clock.time(), self.state, message))
