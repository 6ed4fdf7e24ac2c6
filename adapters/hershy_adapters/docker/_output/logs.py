"""Reads a container's output from the engine."""

import heapq
from collections import deque
from collections.abc import AsyncGenerator
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
    if query.tail is None or query.streams == ALL_STREAMS:
        request = _Request(query.streams, query.tail, query.follow, begin)
        lines = _lines(engine, container_id, request, LogDecoder(begin))
        async with aclosing(lines if query.follow else _by_time(lines)) as ordered:
            async for line in ordered:
                yield line
        return
    # The engine would count the other stream's lines too, so its backlog is read whole and counted here.
    decoder = LogDecoder(begin)
    backlog: deque[LogLine] = deque(maxlen=query.tail)
    request = _Request(query.streams, tail=None, follow=False, since=begin)
    async with aclosing(_lines(engine, container_id, request, decoder)) as lines:
        async for line in lines:
            backlog.append(line)
    for line in backlog:
        yield line
    if query.follow:
        # Within one stream the times grow, if only by a nanosecond.
        begin = decoder.latest + 1
        request = _Request(query.streams, tail=None, follow=True, since=begin)
        with suppress(ContainerNotFound):  # it has been removed since the backlog was read
            async with aclosing(_lines(engine, container_id, request, LogDecoder(begin))) as lines:
                async for line in lines:
                    yield line


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
    engine: Engine, container_id: ContainerID, request: _Request, decoder: LogDecoder
) -> AsyncGenerator[LogLine, None]:
    silence = None if request.follow else ANSWER_TIMEOUT_S
    path = f"containers/{container_id}/logs"
    with translated("reading the logs of", container_id):
        async with engine.stream(path, request.parameters(), ANSWER_TIMEOUT_S, silence) as response:
            while data := await response.content.readany():
                for line in decoder.feed(data):
                    yield line
    for line in decoder.rest():
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
