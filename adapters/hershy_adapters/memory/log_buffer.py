"""The bounded output of one in-memory container, readable while it grows."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from hershy.core.clock import Clock
from hershy.programs.ports.runtime import LogLine, LogQuery, LogStream

MAX_LINE_CHARS = 64 * 1024
CUT = "\N{HORIZONTAL ELLIPSIS}"


class LogBuffer:
    """Keeps the newest ``max_lines`` lines. A follower that falls further behind misses the oldest."""

    def __init__(self, clock: Clock, max_lines: int) -> None:
        self._clock = clock
        self._lines: deque[LogLine] = deque(maxlen=max_lines)
        self._written = 0
        self._is_closed = True
        self._changed = asyncio.Event()

    def write(self, stream: LogStream, text: str) -> None:
        """Add ``text``, of which every line becomes one. Nothing is added before ``open`` and after ``close``."""
        if self._is_closed:
            return
        for line in text.split("\n"):
            kept = line if len(line) <= MAX_LINE_CHARS else line[: MAX_LINE_CHARS - 1] + CUT
            self._lines.append(LogLine(self._clock.now(), stream, kept))
            self._written += 1
        self._notify()

    def open(self) -> None:
        """A process begins to write."""
        self._is_closed = False

    def close(self) -> None:
        """The process has ended: followers end once they have read everything. Idempotent."""
        self._is_closed = True
        self._notify()

    async def read(self, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        position = self._written
        kept = [line for line in self._lines if _matches(line, query)]
        for line in kept if query.tail is None else kept[max(0, len(kept) - query.tail) :]:
            yield line
        while query.follow:
            oldest = self._written - len(self._lines)
            fresh = list(self._lines)[max(position, oldest) - oldest :]
            position = self._written
            for line in fresh:
                if _matches(line, query):
                    yield line
            if position < self._written:
                continue
            if self._is_closed:
                return
            await self._changed.wait()

    def _notify(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _matches(line: LogLine, query: LogQuery) -> bool:
    return line.stream in query.streams and (query.since is None or line.at >= query.since)
