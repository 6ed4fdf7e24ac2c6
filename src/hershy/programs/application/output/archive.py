"""A container's output outlives the container: kept in the program's ``logs/runtime.log``."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime
from weakref import WeakValueDictionary

from hershy.core.ids import ContainerID, ProgramID
from hershy.programs.ports.runtime import LogLine, LogQuery, LogStream, Runtime
from hershy.programs.ports.storage import LogKind, Storage

ARCHIVED_LINES = 10_000
"""At most so many of a container's last lines are kept when it is removed …"""
ARCHIVED_CHARACTERS = 8 * 1024 * 1024
"""… at most so many characters altogether …"""
LONGEST_LINE = 64 * 1024
"""… and of each line at most so many."""

SPARE_LINES = 4
"""Times the wanted lines are read at first, in case some are of the other stream."""
PARSED_AT_ONCE = 1000
"""Lines; other work goes on in between."""


class LogArchive:
    """One archived line reads ``2026-11-20T15:53:08.123456+00:00 stdout the text``."""

    def __init__(self, storage: Storage, runtime: Runtime) -> None:
        self._storage = storage
        self._runtime = runtime
        self._appending: WeakValueDictionary[ProgramID, asyncio.Lock] = WeakValueDictionary()

    async def keep(self, program_id: ProgramID, container_id: ContainerID) -> None:
        """Append the container's last lines to the archive, but for those it holds already.

        So it can be done again, after a kill of the Host between this and the container's removal say: whatever comes
        after the last line that is in the archive, time and text, is new.
        """
        lines = await self._last_lines(container_id)
        lock = self._appending.setdefault(program_id, asyncio.Lock())
        async with lock:
            log = self._storage.log(program_id, LogKind.RUNTIME)
            known = frozenset(await log.read(tail=ARCHIVED_LINES))
            fresh = lines[_end_of_known(lines, known) :]
            if fresh:
                log.append(fresh)

    async def read(self, program_id: ProgramID, query: LogQuery) -> Sequence[LogLine]:
        """The archived lines that match, oldest first; ``follow`` has nothing to follow here."""
        log = self._storage.log(program_id, LogKind.RUNTIME)
        if query.tail is not None:
            few = SPARE_LINES * query.tail
            archived = await log.read(few)
            lines = await _matching(archived, query)
            if len(lines) == query.tail or len(archived) < few:
                return lines
        return await _matching(await log.read(tail=None), query)

    async def _last_lines(self, container_id: ContainerID) -> Sequence[str]:
        kept: deque[str] = deque()
        size = 0
        async with aclosing(self._runtime.logs(container_id, LogQuery(tail=ARCHIVED_LINES))) as lines:
            async for line in lines:
                kept.append(f"{line.at.isoformat()} {line.stream} {line.text[:LONGEST_LINE]}")
                size += len(kept[-1])
                while size > ARCHIVED_CHARACTERS:
                    size -= len(kept.popleft())
        return list(kept)


def _end_of_known(lines: Sequence[str], known: frozenset[str]) -> int:
    return next((end for end in range(len(lines), 0, -1) if lines[end - 1] in known), 0)


async def _matching(archived: Sequence[str], query: LogQuery) -> Sequence[LogLine]:
    """From the newest backwards, no further than the query asks."""
    found: list[LogLine] = []
    for number, text in enumerate(reversed(archived), 1):
        if len(found) == query.tail:
            break
        line = _parsed(text)
        if line and line.stream in query.streams and (query.since is None or line.at >= query.since):
            found.append(line)
        if number % PARSED_AT_ONCE == 0:
            await asyncio.sleep(0)
    return found[::-1]


def _parsed(archived: str) -> LogLine | None:
    """None for what a kill of the Host, or a full disk, has cut short."""
    try:
        at, stream, text = archived.split(" ", 2)
        return LogLine(datetime.fromisoformat(at), LogStream(stream), text)
    except ValueError:
        return None
