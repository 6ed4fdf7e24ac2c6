"""One Database for all who use a SQLite file in a process: repository and tokens, of one Host and of several.

SQLite allows for more than one, as long as nothing else opens the file (see ``sqlite_engines``). With one, writers take
turns instead of waiting for each other's locks, and one pool of connections serves all.
"""

import asyncio
import os
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from hershy.errors import RepositoryUnavailable

from ._database import Database, Work
from ._engines import Engines

T = TypeVar("T")


@dataclass(slots=True)
class _Held:
    database: Database
    pid: int = field(default_factory=os.getpid)
    shares: int = 0


_HELD: dict[tuple[asyncio.AbstractEventLoop, Path], _Held] = {}
"""By event loop too, since a Database's locks and connections belong to the one it is used in."""


class DatabaseShare:
    """One holder's share of a Database, taken at first use, and of its own for a database that is not a file.

    ``engines`` and ``deadline`` are those of the first to use the file. See ``Database`` for ``read`` and ``write``;
    both also raise RepositoryUnavailable once the share is closed, and in a process that was forked from one that has
    the file open: SQLite's locks do not pass to it, though SQLite believes so.
    """

    def __init__(self, engines: Engines, deadline: timedelta) -> None:
        self._engines = engines
        self._deadline = deadline
        self._held: _Held | None = None
        self._is_closed = False

    async def read(self, doing: str, work: Work[T]) -> T:
        return await self._database(doing).read(doing, work)

    async def write(self, doing: str, work: Work[T]) -> T:
        return await self._database(doing).write(doing, work)

    async def aclose(self) -> None:
        """Let the write under way end; the last holder's releases the connections. Idempotent."""
        self._is_closed = True
        held, self._held = self._held, None
        if held is None:
            return
        held.shares -= 1
        if held.shares:
            await held.database.settle()
            return
        for key in [key for key, it in list(_HELD.items()) if it is held]:
            del _HELD[key]
        await held.database.aclose()

    def _database(self, doing: str) -> Database:
        if self._is_closed:
            raise RepositoryUnavailable(f"{doing}: {self._engines.name} has been closed", remedy="open a new Host")
        self._require_no_fork(doing)
        if self._held is None:
            self._held = self._joined()
            self._held.shares += 1
        return self._held.database

    def _joined(self) -> _Held:
        if self._engines.file is None:
            return _Held(Database(self._engines, self._deadline))
        key = (asyncio.get_running_loop(), self._engines.file)
        if key not in _HELD:
            _HELD[key] = _Held(Database(self._engines, self._deadline))
        return _HELD[key]

    def _require_no_fork(self, doing: str) -> None:
        of_the_file = (it for (_, file), it in list(_HELD.items()) if file == self._engines.file)
        if any(it.pid != os.getpid() for it in of_the_file):
            raise RepositoryUnavailable(
                f"{doing}: this process was forked from one that has {self._engines.name} open, where SQLite's locks "
                "do not hold",
                remedy="start a new process instead (multiprocessing: the start method 'spawn')",
            )
