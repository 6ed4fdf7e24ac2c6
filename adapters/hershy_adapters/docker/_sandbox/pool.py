"""Sandboxes kept warm: each is used once, and another made in its place, in the background."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from hershy.core.log import get_logger
from hershy.errors import HershyError

from .config import Shape
from .container import Container
from .disposal import Disposal
from .making import Maker

MADE_AT_ONCE = 1
"""Two take each other's time, and that of whoever waits for one of them."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Between attempts while sandboxes cannot be made: the pause doubles."""
HEAD_START_S = 0.1
"""What a run has that has just taken one, before another is made beside it: most code needs less."""

_log = get_logger("hershy.sandbox")


class Pool:
    """Of one shape. Empty until ``fill`` is called first; from then on it keeps itself full, but not
    while somebody waits for one of its shape that is made for them: the engine makes only so many in a second. So
    nobody who finds it empty waits longer than without it."""

    def __init__(self, maker: Maker, disposal: Disposal, shape: Shape, size: int) -> None:
        self.shape = shape
        self._maker = maker
        self._disposal = disposal
        self._size = size
        self._waiting: deque[Container] = deque()
        self._promised: deque[asyncio.Future[Container | None]] = deque()
        self._in_the_making = 0
        self._waited_for = 0
        self._taken_at = 0.0
        self._room = asyncio.Event()
        self._changed = asyncio.Event()
        self._failure: HershyError | None = None
        self._fillers: list[asyncio.Task[None]] = []

    @property
    def idle(self) -> int:
        return sum(it.is_waiting for it in self._waiting)

    def fill(self) -> None:
        """Begin to. Idempotent."""
        if self._size and not self._fillers:
            self._fillers = [asyncio.create_task(self._keep_full()) for _ in range(min(self._size, MADE_AT_ONCE))]

    async def filled(self) -> None:
        """Return once it is full. Raises why not, where sandboxes cannot be made."""
        self._failure = None
        self.fill()
        while len(self._waiting) < self._size:
            self._changed.clear()
            await self._changed.wait()
            if self._failure is not None:
                raise self._failure

    def take(self) -> Container | None:
        """One that waits, for good; None where there is none."""
        while self._waiting:
            container = self._waiting.popleft()
            self._taken_at = asyncio.get_running_loop().time()
            self._room.set()
            if container.is_waiting:
                return container
            self._disposal.dispose(container)
        return None

    async def take_next(self) -> Container | None:
        """The one in the making, when it is made: it was begun before any other could be. None where there is none, or
        it is promised to somebody else, or comes to nothing."""
        if self._in_the_making <= len(self._promised):
            return None
        promise: asyncio.Future[Container | None] = asyncio.get_running_loop().create_future()
        self._promised.append(promise)
        try:
            return await promise
        except asyncio.CancelledError:
            if promise in self._promised:
                self._promised.remove(promise)
            elif not promise.cancelled() and (container := promise.result()) is not None:
                self._disposal.dispose(container)
            raise

    @contextmanager
    def others_first(self) -> Iterator[None]:
        """Nothing is made for the pool meanwhile: somebody waits for one that is made for them. Then it is filled."""
        self._waited_for += 1
        try:
            yield
        finally:
            self._waited_for -= 1
            self._room.set()
            self.fill()

    async def aclose(self) -> None:
        """Dispose of all that wait. Idempotent."""
        for filler in self._fillers:
            filler.cancel()
        if self._fillers:
            await asyncio.wait(self._fillers)
        while self._waiting:
            self._disposal.dispose(self._waiting.popleft())

    @property
    def _has_room(self) -> bool:
        return not self._waited_for and len(self._waiting) + self._in_the_making < self._size

    async def _keep_full(self) -> None:
        pause_s, tell = FIRST_PAUSE_S, _log.warning
        while True:
            while not self._has_room:
                self._room.clear()
                await self._room.wait()
            await asyncio.sleep(max(0.0, self._taken_at + HEAD_START_S - asyncio.get_running_loop().time()))
            if not self._has_room:  # another has filled it meanwhile
                continue
            try:
                await self._add()
                pause_s, tell = FIRST_PAUSE_S, _log.warning
            except HershyError as error:
                tell("no warm sandbox could be made; it is tried again and again", error=str(error))
                tell = _log.debug  # until one has been made
                self._failure = error
                self._changed.set()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _add(self) -> None:
        self._in_the_making += 1
        making = asyncio.ensure_future(self._maker.make(self.shape))
        try:
            container = await asyncio.shield(making)
            if self._keep_promise(container):
                return
            await container.measure()
            if self._keep_promise(container):
                return
        except asyncio.CancelledError:
            self._disposal.dispose_of_made(making)
            raise
        finally:
            self._in_the_making -= 1
            if len(self._promised) > self._in_the_making:
                self._keep_promise(None)
        self._waiting.append(container)
        self._changed.set()

    def _keep_promise(self, container: Container | None) -> bool:
        """Hand it over to whoever waits for it; None when it has come to nothing."""
        while self._promised:
            promise = self._promised.popleft()
            if not promise.done():
                promise.set_result(container)
                return True
        return False
