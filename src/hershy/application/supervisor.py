"""One supervisor per program: a mailbox, one event at a time, the only writer of the program's state."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hershy.domain.errors import HershyError, ProgramNotFound, Unavailable
from hershy.domain.events import Event, Request, Result
from hershy.domain.ids import ProgramID
from hershy.domain.program import Program
from hershy.domain.reducer import reduce
from hershy.ports.event_bus import ProgramDeleted, StateChanged

from .effects_runner import EffectsRunner
from .log import get_logger
from .services import Services

MAILBOX_SIZE = 256
"""Results come from a handful of effects at a time; beyond this many waiting requests, callers wait."""

_log = get_logger("hershy.supervisor")


@dataclass(frozen=True, slots=True)
class Transition:
    before: Program
    after: Program


Reply = asyncio.Future[Transition]


class Supervisor:
    """Drives one program. ``program`` is the latest snapshot, saved before anybody sees it.

    ``forget`` is called with the id as soon as the program is gone.
    """

    def __init__(self, program: Program, services: Services, forget: Callable[[ProgramID], object]) -> None:
        self.program = program
        self._services = services
        self._forget = forget
        self._mailbox: asyncio.Queue[tuple[Event, Reply | None]] = asyncio.Queue(MAILBOX_SIZE)
        self._runner = EffectsRunner(services, self._report, self._on_gone)
        self._ended: HershyError | None = None
        self._is_gone = False
        self._task = asyncio.create_task(self._run(), name=f"supervisor {program.id}")
        # Whatever ends it, nobody waits for an answer that will not come.
        self._task.add_done_callback(lambda _: self._end(Unavailable(f"program {program.id} is not supervised")))

    async def request(self, event: Request) -> Transition:
        """Apply a caller's event and return what it changed.

        Raises IllegalTransition (nothing has changed) and ProgramNotFound once the program is gone. Cancelled
        before its turn, the event is not applied.
        """
        if self._ended is not None:
            raise self._ended
        reply: Reply = asyncio.get_running_loop().create_future()
        await self._put(event, reply)
        return await reply

    async def settled(self) -> None:
        """Return once the effects of all events so far have ended, and their outcomes have been applied.

        Background effects (probing, watching) are not waited for.
        """
        is_settled = False
        while not is_settled:
            await self._runner.settled()
            await self._mailbox.join()
            is_settled = not self._runner.is_busy

    async def is_gone(self) -> bool:
        """Wait for a requested deletion to end; whether the program is gone or the deletion failed."""
        await self.settled()
        return self._is_gone

    async def aclose(self) -> None:
        """Stop supervising: effects under way are cancelled, the container is left as it is. Idempotent."""
        self._end(Unavailable("the Host is closing"))
        await asyncio.wait({self._task})
        await self._runner.aclose()

    async def _report(self, event: Result) -> None:
        await self._put(event, None)

    async def _put(self, event: Event, reply: Reply | None) -> None:
        await self._mailbox.put((event, reply))
        if self._ended is not None:  # while it waited for room
            self._refuse_waiting(self._ended)

    def _on_gone(self) -> None:
        self._is_gone = True
        self._forget(self.program.id)
        self._end(ProgramNotFound(self.program.id))
        now = self._services.clock.now()
        self._services.event_bus.publish(self.program.id, now, ProgramDeleted())

    def _end(self, error: HershyError) -> None:
        self._ended = self._ended or error
        self._task.cancel()
        self._refuse_waiting(self._ended)

    def _refuse_waiting(self, error: HershyError) -> None:
        while not self._mailbox.empty():
            _, reply = self._mailbox.get_nowait()
            self._mailbox.task_done()
            if reply is not None and not reply.done():
                reply.set_exception(error)

    async def _run(self) -> None:
        while True:
            event, reply = await self._mailbox.get()
            try:
                if reply is None:
                    await self._apply(event)
                elif not reply.cancelled():
                    await self._answer(event, reply)
            except Exception:
                _log.exception("event failed", program_id=str(self.program.id), program_event=event.label)
            finally:
                self._mailbox.task_done()

    async def _answer(self, event: Event, reply: Reply) -> None:
        try:
            transition = await self._apply(event)
        except asyncio.CancelledError:
            if not reply.done():
                reply.set_exception(self._ended or Unavailable(f"program {self.program.id} is not supervised"))
            raise
        except Exception as error:
            if reply.done():
                raise
            reply.set_exception(error)
        else:
            if not reply.done():
                reply.set_result(transition)

    async def _apply(self, event: Event) -> Transition:
        before = self.program
        step = reduce(before, event, self._services.clock.now())
        if step.dropped:
            return Transition(before, before)
        self.program = await self._services.repository.save(step.program)
        self._runner.carry_out(self.program, step.effects, interrupts=step.interrupts)
        if self.program.state is not before.state:
            notice = StateChanged(self.program, before.state)
            self._services.event_bus.publish(before.id, self.program.updated_at, notice)
            _log.info(
                "state changed",
                program_id=str(before.id),
                previous=str(before.state),
                state=str(self.program.state),
            )
        return Transition(before, self.program)
