"""One supervisor per program: a mailbox, one event at a time, the only writer of the program's state."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from hershy.access.principals import HOST
from hershy.core.ids import ProgramID
from hershy.core.log import get_logger
from hershy.errors import (
    HershyError,
    IllegalTransition,
    ProgramNotFound,
    RepositoryUnavailable,
    Unavailable,
)
from hershy.programs.domain import journal
from hershy.programs.domain.events import DeletionFailed, Event, Request
from hershy.programs.domain.program import Program
from hershy.programs.domain.reducer import reduce
from hershy.programs.ports.event_bus import Happened, ProgramDeleted
from hershy.programs.ports.repository import Record

from ..services import Services
from .commits import commit
from .effect_handlers import EffectHandlers
from .effects_runner import EffectsRunner

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

    def __init__(
        self, program: Program, services: Services, handlers: EffectHandlers, forget: Callable[[ProgramID], object]
    ) -> None:
        self.program = program
        self._services = services
        self._forget = forget
        self._mailbox: asyncio.Queue[tuple[Event, Reply | None, str]] = asyncio.Queue(MAILBOX_SIZE)
        self._runner = EffectsRunner(services, handlers, self.post)
        self._trouble: Exception | None = None
        self._ended: HershyError | None = None
        self._is_gone = False
        self._task = asyncio.create_task(self._run(), name=f"supervisor {program.id}")
        # Whatever ends it, nobody waits for an answer that will not come.
        self._task.add_done_callback(lambda _: self._end(Unavailable(f"program {program.id} is not supervised")))

    async def request(self, event: Request, actor: str = HOST.name) -> Transition:
        """Apply a caller's event and return what it changed. The journal tells by whom.

        Raises IllegalTransition (nothing has changed), ProgramNotFound once the program is gone, and
        RepositoryUnavailable when it is not known to be saved. Cancelled before its turn, the event is not applied.
        """
        if self._ended is not None:
            raise self._ended
        if self._trouble is not None:
            raise _not_saved(self.program.id, self._trouble)
        reply: Reply = asyncio.get_running_loop().create_future()
        await self._put(event, reply, actor)
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

    async def post(self, event: Event, actor: str = "") -> None:
        """Hand in an event that nobody waits for. One that has become illegal meanwhile is left out."""
        await self._put(event, None, actor)

    async def applied(self) -> None:
        """Return once every event handed in so far has been applied; its effects may still be under way."""
        await self._mailbox.join()

    async def _put(self, event: Event, reply: Reply | None, actor: str) -> None:
        await self._mailbox.put((event, reply, actor))
        if self._ended is not None:  # while it waited for room
            self._refuse_waiting(self._ended)

    async def _remove(self) -> None:
        """Remove the registration: the last that is known of the program is its entry in the journal."""
        services, program = self._services, self.program
        try:
            last = await services.repository.remove(journal.deletion(program, services.clock.now()))
        except (HershyError, OSError) as error:
            _log.error("registration not removed", program_id=str(program.id), error=str(error))
            await self._apply(DeletionFailed(program.epoch, str(error)), None, "")
            return
        services.port_leases.release(program.id)
        self._is_gone = True
        self._forget(program.id)
        self._end(ProgramNotFound(program.id))
        services.event_bus.publish(program.id, last.at, ProgramDeleted(last))

    def _end(self, error: HershyError) -> None:
        self._ended = self._ended or error
        self._task.cancel()
        self._refuse_waiting(self._ended)

    def _refuse_waiting(self, error: HershyError) -> None:
        while not self._mailbox.empty():
            _, reply, _ = self._mailbox.get_nowait()
            self._mailbox.task_done()
            if reply is not None and not reply.done():
                reply.set_exception(error)

    async def _run(self) -> None:
        while True:
            event, reply, actor = await self._mailbox.get()
            try:
                if reply is None:
                    await self._apply(event, None, actor)
                elif not reply.cancelled():
                    await self._answer(event, reply, actor)
            except IllegalTransition as error:
                _log.info("event left out", program_id=str(self.program.id), reason=str(error))
            except Exception:
                _log.exception("event failed", program_id=str(self.program.id), program_event=event.label)
            finally:
                self._mailbox.task_done()

    async def _answer(self, event: Event, reply: Reply, actor: str) -> None:
        try:
            transition = await self._apply(event, reply, actor)
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

    async def _apply(self, event: Event, reply: Reply | None, actor: str) -> Transition:
        before = self.program
        step = reduce(before, event, self._services.clock.now())
        if step.is_gone:
            await self._remove()
            return Transition(before, before)
        if step.program is before:  # dropped, or nothing but effects: there is nothing to save
            self._runner.carry_out(step)
            return Transition(before, before)
        record = Record(step.program, journal.transition(event, before, step.program, actor))
        saved = await self._commit(record, reply)
        if saved is None:
            return Transition(before, before)
        self.program = saved.program
        self._services.port_leases.confirm(before.id, self.program.publish_port)
        self._runner.carry_out(replace(step, program=self.program))
        self._services.event_bus.publish(before.id, saved.entry.at, Happened(self.program, saved.entry))
        if self.program.state is not before.state:
            _log.info(
                "state changed",
                program_id=str(before.id),
                previous=str(before.state),
                state=str(self.program.state),
            )
        return Transition(before, self.program)

    async def _commit(self, record: Record, reply: Reply | None) -> Record | None:
        """What nobody asked for has happened, and is saved however long it takes; a caller is told at once."""

        def on_trouble(error: Exception) -> None:
            _log.error("not saved", program_id=str(record.program.id), error=str(error))
            self._trouble = error
            if reply is not None and not reply.done():
                reply.set_exception(_not_saved(record.program.id, error))

        try:
            return await commit(self._services, record, on_trouble, insist=reply is None)
        finally:
            self._trouble = None


def _not_saved(program_id: ProgramID, error: Exception) -> RepositoryUnavailable:
    return RepositoryUnavailable(
        f"program {program_id}: the repository fails ({error})",
        remedy="look at the program's state before you try again",
    )
