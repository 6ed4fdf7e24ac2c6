"""What feeds the watched variables: a task each, from registration to stop.

Whatever a source does, it harms its own variable only: what it raises becomes that variable's error.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any, Final

from .calling import call, ends_within, is_async
from .clock import Clock
from .containment import PASSES, contained
from .logs import WatchErrorEntry, logger
from .session import Session
from .values import Failure, Skip
from .variables import Item, Variable
from .wording import fault

LEAST_S: Final = 0.5
CANCELLED_WITHIN: Final = "it awaited something that was cancelled"

Follow = Callable[[Variable], Coroutine[Any, Any, None]]
"""Feeds a variable until it is cancelled or has nothing more to say."""


class Sources:
    """Starts, feeds and closes. On the event loop only, but for ``start``."""

    def __init__(self, session: Session, loop: asyncio.AbstractEventLoop) -> None:
        self._session = session
        self._loop = loop
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failing: set[str] = set()
        self._left_behind: list[asyncio.Task[None]] = []
        self._is_closed = False
        self._cancelled_at_s = 0.0

    def start(self, variable: Variable, follow: Follow) -> None:
        """Begin to feed ``variable``; nothing once closed. From any thread."""
        self._loop.call_soon_threadsafe(self._start, variable, follow)

    def _start(self, variable: Variable, follow: Follow) -> None:
        task = self._loop.create_task(follow(variable), name=f"watch {variable.name}")
        self._tasks[variable.name] = task
        if self._is_closed:
            self._loop.call_soon(task.cancel)

    def cancel(self) -> None:
        """Tell every source to end. Idempotent."""
        if not self._is_closed:
            self._is_closed = True
            self._cancelled_at_s = self._session.clock.monotonic()
            for task in self._tasks.values():
                self._loop.call_soon(task.cancel)  # after its first step: a task that never began closes nothing

    async def close(self, limit_s: float) -> None:
        """``cancel``, and wait for all to have ended; those that have not are left behind.

        At most until ``limit_s`` seconds after the first ``cancel``: what has been executed since then counts too, so
        that cleanup still gets its turn before SIGKILL. LEAST_S in any case, for what has begun since.
        """
        self.cancel()
        await asyncio.sleep(0)  # what has just been registered begins in the next turn
        left_s = max(LEAST_S, self._cancelled_at_s + limit_s - self._session.clock.monotonic())
        tasks, self._tasks = self._tasks, {}
        if not tasks:
            return
        everything = asyncio.ensure_future(asyncio.wait(tasks.values()))
        if await ends_within(everything, left_s, self._session.clock):
            return
        everything.cancel()
        for name, task in tasks.items():
            if not task.done():
                self._left_behind.append(task)
                self._log(name, "close", TimeoutError(f"it has not ended within {limit_s:g} s: left behind"))

    def flow(self, items: AsyncIterator[Item]) -> Follow:
        return partial(self._follow_flow, items)

    def call(self, function: Callable[[], Any], every_s: float) -> Follow:
        return partial(self._follow_call, function, every_s)

    def tick(self, every_s: float) -> Follow:
        return partial(self._follow_tick, every_s)

    async def _follow_flow(self, items: AsyncIterator[Item], variable: Variable) -> None:
        try:
            async for item in items:
                self._say(variable, item)
                await asyncio.sleep(0)  # an iterator that never waits must not keep everybody else from running
        except asyncio.CancelledError:
            if self._is_closed:
                raise
            self._say(variable, Failure(RuntimeError(CANCELLED_WITHIN)))
        except PASSES:
            raise
        except BaseException as error:
            self._say(variable, Failure(contained(error)))
        finally:
            await self._close(variable, items)

    async def _close(self, variable: Variable, items: AsyncIterator[Item]) -> None:
        aclose = getattr(items, "aclose", None)
        if aclose is None:
            return
        try:
            await aclose()
        except PASSES:
            raise
        except BaseException as error:
            self._log(variable.name, "close", error)

    async def _follow_call(self, function: Callable[[], Any], every_s: float, variable: Variable) -> None:
        pace = _Pace(self._session.clock, every_s)
        while True:
            await variable.room()
            await self._poll(function, variable)
            await pace.wait()

    async def _poll(self, function: Callable[[], Any], variable: Variable) -> None:
        """Ask once. One that does not answer in time is reported, and not asked again before it has ended."""
        limit_s = self._session.config.timeout.total_seconds()
        answer = asyncio.ensure_future(self._answer(function))
        is_overdue = False
        try:
            if not await ends_within(answer, limit_s, self._session.clock):
                is_overdue = True
                self._say(variable, Failure(TimeoutError(f"no answer for {limit_s:g} s; not asked again before one")))
                if is_async(function):
                    answer.cancel()
                await asyncio.wait({answer})
        finally:
            if not answer.done():  # cancelled: what the function holds is closed before cleanup
                answer.cancel()
                await asyncio.wait({answer})
        await variable.room()
        if not answer.cancelled():
            self._say(variable, answer.result())
        elif not is_overdue:
            self._say(variable, Failure(RuntimeError(CANCELLED_WITHIN)))

    async def _answer(self, function: Callable[[], Any]) -> Item:
        try:
            answer: Item = await call(self._session.threads, function)
        except PASSES:
            raise
        except BaseException as error:
            return Failure(contained(error))
        return answer

    async def _follow_tick(self, every_s: float, variable: Variable) -> None:
        pace = _Pace(self._session.clock, every_s)
        count = 0
        while True:
            count += 1
            self._say(variable, count)
            await pace.wait()

    def _say(self, variable: Variable, item: Item) -> None:
        if isinstance(item, Skip):
            return
        if isinstance(item, Failure):
            self._log(variable.name, "source", item.error)
        else:
            self._failing.discard(variable.name)
        self._session.changed(variable, item)

    def _log(self, name: str, phase: str, error: BaseException) -> None:
        if name not in self._failing:  # once, until it has recovered: a container's log is for people
            self._failing.add(name)
            logger.warning("%s: %s: %s", name, phase, fault(error))
        self._session.logs.watch_error.add(WatchErrorEntry(self._session.clock.time(), name, phase, fault(error)))


class _Pace:
    """Once in ``every_s``, counted from the first; what was missed is not made up for in a burst."""

    def __init__(self, clock: Clock, every_s: float) -> None:
        self._clock = clock
        self._every_s = every_s
        self._due = clock.monotonic()

    async def wait(self) -> None:
        now = self._clock.monotonic()
        self._due = max(self._due + self._every_s, now)
        await self._clock.sleep(self._due - now)
