"""Reads a container's output from the engine."""

import heapq
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime

from hershy.core.ids import ContainerID
from hershy.errors import ContainerNotFound, RuntimeFailure
from hershy.programs.ports.runtime import LogLine, LogQuery, LogStream

from .._container.exits import GOING
from .._engine import ANSWER_TIMEOUT_S, Engine
from .._errors import translated
from .log_decoder import LogDecoder
from .moments import for_engine, nanoseconds

ALL_STREAMS = frozenset(LogStream)
NEIGHBOURS = 256
"""How many lines are held back to put them in the order of their times."""
SPARE_FRAMES = 64
STREAMS_APART_NS = 5_000_000_000
"""How much later than a line of one stream the engine may write an earlier one of the other."""


@dataclass(frozen=True, slots=True)
class _Request:
    """One request for logs, in the engine's terms; its ``tail`` counts the lines of both streams."""

    streams: frozenset[LogStream]
    tail: int | None
    follow: bool
    since: int

    def parameters(self) -> dict[str, str]:
        return {
            "stdout": str(LogStream.STDOUT in self.streams).lower(),
            "stderr": str(LogStream.STDERR in self.streams).lower(),
            "timestamps": "true",
            "follow": str(self.follow).lower(),
            "tail": "all" if self.tail is None else str(self.tail),
            "since": for_engine(self.since),
        }


async def read_logs(engine: Engine, container_id: ContainerID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
    """As the port's ``logs``. Followed lines come in the engine's order, others by their times."""
    begin = nanoseconds(query.since) if query.since else 0
    if query.tail is None:
        request = _Request(query.streams, None, query.follow, begin)
        lines = _lines(engine, container_id, request, LogDecoder(begin))
        async with aclosing(lines if query.follow else _by_time(lines)) as ordered:
            async for line in ordered:
                yield line
        return
    backlog = await _backlog(engine, container_id, query, begin)
    for line in backlog.lines:
        yield line
    if query.follow:
        request = _Request(query.streams, tail=None, follow=True, since=backlog.goes_on_at)
        with suppress(ContainerNotFound):  # it has been removed since the backlog was read
            async with aclosing(_lines(engine, container_id, request, LogDecoder(begin, backlog.latest))) as lines:
                async for line in lines:
                    yield line


@dataclass(frozen=True, slots=True)
class _Backlog:
    """``latest``: up to where each stream has been read; ``goes_on_at``: no later than any line that is new."""

    lines: Sequence[LogLine]
    latest: Mapping[LogStream, int]
    goes_on_at: int


async def _backlog(engine: Engine, container_id: ContainerID, query: LogQuery, begin: int) -> _Backlog:
    """The last lines there are. The engine counts a line of over 16 KiB as several, and those of both streams, so more
    is asked for than that; all of it where even so a line's beginning could be missing.
    """
    assert query.tail is not None
    if query.streams == ALL_STREAMS:
        window = query.tail + SPARE_FRAMES
        lines, decoder = await _read(engine, container_id, _Request(query.streams, window, False, begin), query, begin)
        first = {line.stream: number for number, line in reversed(list(enumerate(lines)))}
        if decoder.frames < window or max(first.values(), default=window) < len(lines) - query.tail:
            oldest = nanoseconds(lines[0].at) if lines and decoder.frames == window else begin
            return _made(lines, decoder, query, oldest)
    lines, decoder = await _read(engine, container_id, _Request(query.streams, None, False, begin), query, begin)
    return _made(lines, decoder, query, begin)


async def _read(
    engine: Engine, container_id: ContainerID, request: _Request, query: LogQuery, begin: int
) -> tuple[list[LogLine], LogDecoder]:
    """What a follower has not seen the end of is left to come whole."""
    assert query.tail is not None
    decoder = LogDecoder(begin)
    kept: deque[LogLine] = deque(maxlen=query.tail + SPARE_FRAMES)
    async with aclosing(_lines(engine, container_id, request, decoder, with_rest=not query.follow)) as lines:
        async for line in lines:
            kept.append(line)
    return list(kept), decoder


def _made(lines: list[LogLine], decoder: LogDecoder, query: LogQuery, oldest: int) -> _Backlog:
    tail = lines[max(0, len(lines) - (query.tail or 0)) :]
    ordered = tail if query.follow else sorted(tail, key=lambda line: line.at)
    if not decoder.latest:
        return _Backlog(ordered, {}, oldest)
    # Within one stream the times grow, if only by a nanosecond; another may be behind by little.
    latest = {stream: decoder.latest.get(stream, oldest - 1) for stream in query.streams}
    goes_on_at = min(decoder.latest.values()) + 1
    if len(decoder.latest) < len(query.streams):
        goes_on_at -= STREAMS_APART_NS
    return _Backlog(ordered, latest, max(goes_on_at, oldest))


async def _by_time(lines: AsyncGenerator[LogLine, None]) -> AsyncGenerator[LogLine, None]:
    """The engine writes the two streams down as it reads them, so neighbours may be out of order."""
    waiting: list[tuple[datetime, int, LogLine]] = []
    async with aclosing(lines):
        number = 0
        async for line in lines:
            heapq.heappush(waiting, (line.at, number, line))
            number += 1
            if len(waiting) > NEIGHBOURS:
                yield heapq.heappop(waiting)[-1]
    while waiting:
        yield heapq.heappop(waiting)[-1]


async def _lines(
    engine: Engine, container_id: ContainerID, request: _Request, decoder: LogDecoder, *, with_rest: bool = True
) -> AsyncGenerator[LogLine, None]:
    silence = None if request.follow else ANSWER_TIMEOUT_S
    path = f"containers/{container_id}/logs"
    with translated("reading the logs of", container_id):
        async with engine.stream(path, request.parameters(), ANSWER_TIMEOUT_S, silence) as response:
            while data := await response.content.readany():
                for line in decoder.feed(data):
                    yield line
    for line in decoder.rest() if with_rest else ():
        yield line
    if decoder.engine_error and not (request.follow and await _is_gone(engine, container_id)):
        raise RuntimeFailure(f"reading the logs of {container_id}: {decoder.engine_error}")


async def _is_gone(engine: Engine, container_id: ContainerID) -> bool:
    """Removed, or about to be: its log files go first."""
    try:
        with translated("inspecting", container_id):
            account = await engine.client.containers.container(str(container_id)).show()
    except ContainerNotFound:
        return True
    return account["State"].get("Status") in GOING
