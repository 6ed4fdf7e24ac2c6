"""Reads a container's output from the engine."""

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from hershy.domain.ids import ContainerID
from hershy.ports.runtime import LogLine, LogQuery, LogStream

from ._engine import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S, Engine
from ._errors import translated
from ._log_decoder import LogDecoder, after, since

ALL_STREAMS = frozenset(LogStream)
NEIGHBOURS = 256
"""How many lines are held back to put them in the order of their times."""


@dataclass(frozen=True, slots=True)
class _Request:
    """One request for logs, in the engine's terms; its ``tail`` counts the lines of both streams."""

    streams: frozenset[LogStream]
    tail: int | None
    follow: bool
    since: str

    def parameters(self) -> dict[str, str]:
        return {
            "stdout": str(LogStream.STDOUT in self.streams).lower(),
            "stderr": str(LogStream.STDERR in self.streams).lower(),
            "timestamps": "true",
            "follow": str(self.follow).lower(),
            "tail": "all" if self.tail is None else str(self.tail),
            "since": self.since,
        }


async def read_logs(engine: Engine, container_id: ContainerID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
    """As the port's ``logs``. Followed lines come in the engine's order, others by their times."""
    begin = since(query.since) if query.since else "0"
    if query.tail is None or query.streams == ALL_STREAMS:
        request = _Request(query.streams, query.tail, query.follow, begin)
        lines = _lines(engine, container_id, request, LogDecoder())
        async with aclosing(lines if query.follow else _by_time(lines)) as ordered:
            async for line in ordered:
                yield line
        return
    # The engine would count the other stream's lines too, so its backlog is read whole and counted here.
    decoder = LogDecoder()
    backlog: deque[LogLine] = deque(maxlen=query.tail)
    request = _Request(query.streams, tail=None, follow=False, since=begin)
    async with aclosing(_lines(engine, container_id, request, decoder)) as lines:
        async for line in lines:
            backlog.append(line)
    for line in backlog:
        yield line
    if query.follow:
        reached = after(decoder.latest) if decoder.latest else begin
        request = _Request(query.streams, tail=None, follow=True, since=reached)
        async with aclosing(_lines(engine, container_id, request, LogDecoder())) as lines:
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
    timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_S, sock_read=silence)
    async with AsyncExitStack() as stack:
        with translated("reading the logs of", container_id):
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                # aiodocker's own log call drops which stream a line belongs to.
                query = engine.client._query(
                    f"containers/{container_id}/logs", params=request.parameters(), timeout=timeout
                )
                response = await stack.enter_async_context(query)
            stack.callback(response.close)
            while data := await response.content.readany():
                for line in decoder.feed(data):
                    yield line
        for line in decoder.rest():
            yield line
