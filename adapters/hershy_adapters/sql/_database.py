"""One writer at a time, a few readers, a deadline on every wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from hershy.core.deadline import ended
from hershy.errors import RepositoryUnavailable

from ._engines import Engines
from ._errors import translated
from ._migration import migrate

T = TypeVar("T")

Work = Callable[[AsyncConnection], Awaitable[T]]


class Database:
    """Connects at first use, bringing the schema up to date, and again whenever connections have been lost.

    ``read`` and ``write`` raise RepositoryUnavailable when it fails or takes longer than ``deadline``, and what
    ``work`` raises. A caller who is cancelled returns once the work under way has ended: so a connection is never
    given up in the middle, and what has been written is settled.
    """

    def __init__(self, engines: Engines, deadline: timedelta) -> None:
        self._engines = engines
        self._deadline_s = deadline.total_seconds()
        self._writing = asyncio.Lock()
        self._is_open = False

    async def read(self, doing: str, work: Work[T]) -> T:
        """Each statement of ``work`` sees what was committed before it."""
        await self._open(doing)
        return await _to_its_end(self._run(doing, self._engines.reader.connect(), work))

    async def write(self, doing: str, work: Work[T]) -> T:
        """Do ``work`` in one transaction, committed on return and rolled back if it raises.

        Callers take turns, and return in the order in which their transactions were committed.
        """
        await self._open(doing)
        async with self._turn(doing):
            return await _to_its_end(self._run(doing, self._engines.writer.begin(), work))

    async def aclose(self) -> None:
        """Let the write under way end, and release the connections. Nobody uses it afterwards. Idempotent."""
        try:
            await self.settle()
        finally:
            await _to_its_end(self._engines.dispose())

    async def settle(self) -> None:
        """Let the write under way end. Raises RepositoryUnavailable when it takes longer than the deadline."""
        async with self._turn("closing"):
            pass

    async def _open(self, doing: str) -> None:
        if self._is_open:
            return
        async with self._turn(doing):
            if not self._is_open:
                with translated("opening", self._engines.name, self._engines.remedy):
                    self._engines.prepare()
                await _to_its_end(self._run("opening", self._engines.writer.begin(), migrate))
                self._is_open = True

    async def _run(self, doing: str, connecting: AbstractAsyncContextManager[AsyncConnection], work: Work[T]) -> T:
        with translated(doing, self._engines.name, self._engines.remedy):
            async with asyncio.timeout(self._deadline_s), connecting as connection:
                return await work(connection)

    @asynccontextmanager
    async def _turn(self, doing: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._writing.acquire()
        except TimeoutError as error:
            raise RepositoryUnavailable(
                f"{doing}: {self._engines.name} is busy with earlier writes for {self._deadline_s:g} s",
                remedy="try again",
            ) from error
        try:
            yield
        finally:
            self._writing.release()


async def _to_its_end(operation: Coroutine[Any, Any, T]) -> T:
    working = asyncio.ensure_future(operation)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await ended(working)
        raise
