"""Whether the engine is there, and what it says of containers: its events, and a look of our own after each gap."""

import asyncio
from datetime import timedelta

from hershy.core.deadline import set_within
from hershy.core.log import get_logger
from hershy.errors import EngineUnavailable, HershyError
from hershy.programs.ports.runtime import ContainerEventKind

from ..services import Services
from .reconciler import Reconciler

FIRST_RETRY = timedelta(milliseconds=100)
LONGEST_RETRY = timedelta(seconds=5)
LONGEST_LOOK = timedelta(seconds=1)
"""A caller waits so long for a look at an engine that is away."""
_ENDINGS = (ContainerEventKind.EXITED, ContainerEventKind.REMOVED)

_log = get_logger("hershy.engine")


class EngineWatch:
    """``is_up`` is False from the moment the engine's event stream breaks off until it is there again.

    Events alone are not enough: an engine that restarts forgets them. So every (re)connection is followed by a
    reconciliation, and the Host's sweep makes one from time to time.
    """

    def __init__(self, services: Services, reconciler: Reconciler) -> None:
        self._services = services
        self._reconciler = reconciler
        self._is_up = asyncio.Event()
        self._look_now = asyncio.Event()
        self._looked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        return self._is_up.is_set()

    async def require_up(self) -> None:
        """Raises EngineUnavailable while the engine is away, after one more look whether it is."""
        if not self.is_up:
            self._look_now.set()
            await set_within(self._services.clock, LONGEST_LOOK, self._looked)
        if not self.is_up:
            raise EngineUnavailable(
                "the container engine does not answer", remedy="nothing can be changed until it is back"
            )

    async def start(self) -> None:
        """Return once events arrive. Raises EngineUnavailable when they don't."""
        self._task = asyncio.create_task(self._run(), name="engine watch")
        arriving = asyncio.ensure_future(self._is_up.wait())
        await asyncio.wait({self._task, arriving}, return_when=asyncio.FIRST_COMPLETED)
        arriving.cancel()
        if self._task.done():
            await self._task

    async def aclose(self) -> None:
        """Idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        delay = FIRST_RETRY
        was_up = False
        while True:
            try:
                await self._listen(is_back=was_up)
            except Exception as error:  # an engine on its way down or up also answers nonsense, or not in time
                if not isinstance(error, HershyError):
                    _log.exception("watching the engine failed")
                if self.is_up:
                    was_up, delay = True, FIRST_RETRY
                    self._is_up.clear()
                    _log.error("the engine is away", error=str(error))
                elif not was_up:
                    raise
            self._have_looked()
            await set_within(self._services.clock, delay, self._look_now)
            self._look_now.clear()
            delay = min(delay * 2, LONGEST_RETRY)

    def _have_looked(self) -> None:
        self._looked.set()
        self._looked = asyncio.Event()

    async def _listen(self, *, is_back: bool) -> None:
        async with self._services.runtime.events() as events:
            if is_back:
                await self._reconciler.reconcile()
                _log.info("the engine is back")
            self._is_up.set()
            self._have_looked()
            async for event in events:
                if event.kind in _ENDINGS:
                    try:
                        await self._reconciler.look_at(event.program_id)
                    except EngineUnavailable:
                        raise
                    except HershyError as error:
                        _log.warning("event not followed", program_id=str(event.program_id), error=str(error))
