"""The calls that show what programs say, do and use: logs, events, journal, statistics."""

from typing import Any

from fastapi import FastAPI, Response

from hershy.core.ids import ProgramID
from hershy.errors import EngineUnavailable, InvalidValue
from hershy.programs.application.caller_access import Access
from hershy.programs.ports.runtime import LogQuery, LogStream

from .._guard.admission import CallerAccess
from .._shapes.responses import Journal, Logs, Stats
from .events import render, resume_all, resume_one
from .follow import build_output, program_output
from .live import Live, with_keep_alive
from .parameters import (
    ABSENT,
    DEFAULT_TAIL,
    ENGINE,
    INVALID,
    After,
    Follow,
    KnownForm,
    LastEventID,
    LastEventIDQuery,
    PageSize,
    Since,
    Stream,
    Tail,
)
from .since import parse_since

BUILD_LOG = "build"
EVENT_STREAM = "text/event-stream"
TEXT = "text/plain"


def add_observing_routes(api: FastAPI) -> None:
    @api.get(
        "/programs/{program_id}/logs",
        response_model=Logs,
        responses=ENGINE
        | INVALID
        | {200: {"content": {TEXT: {}}, "description": "JSON; with `follow`, lines of text as they come"}},
        summary="Show or follow a program's output, or its build's",
        operation_id="program_logs",
    )
    async def logs(
        host: CallerAccess,
        program_id: KnownForm,
        tail: Tail = DEFAULT_TAIL,
        since: Since = None,
        stream: Stream = None,
        follow_on: Follow = False,
    ) -> Any:
        moment = parse_since(since, host.clock.now()) if since is not None else None
        if stream == BUILD_LOG:
            if moment is not None:
                raise InvalidValue("since: a build's output is kept without times; use tail")
            return await build_log(host, program_id, tail, follow_on=follow_on)
        streams = frozenset({LogStream(stream)}) if stream is not None else frozenset(LogStream)
        query = LogQuery(tail=tail, since=moment, streams=streams)
        if follow_on:
            program = await host.get(program_id)
            if program.container_id is not None and not host.engine_is_up:
                raise EngineUnavailable("the container engine does not answer; what it runs is out of sight until then")
            return Live(program_output(host.follow_logs(program_id, query)), TEXT)
        shown = await host.logs(program_id, query)
        return as_logs(host, program_id, str(shown.container_id) if shown.container_id else None, shown.text)

    async def build_log(host: Access, program_id: ProgramID, tail: int, *, follow_on: bool) -> Any:
        if follow_on:
            await host.get(program_id)
            return Live(build_output(host.follow_build_log(program_id, tail)), TEXT)
        return as_logs(host, program_id, None, "".join(f"{line}\n" for line in await host.build_log(program_id, tail)))

    def as_logs(host: Access, program_id: ProgramID, container_id: str | None, text: str) -> Logs:
        return Logs(program_id=str(program_id), container_id=container_id, logs=text, timestamp=host.clock.now())

    @api.get(
        "/programs/{program_id}/events",
        response_class=Response,
        responses=ABSENT | INVALID | {200: {"content": {EVENT_STREAM: {}}, "description": "server-sent events"}},
        summary="Follow what happens to a program, from its present state or from an earlier event",
        operation_id="program_events",
    )
    async def program_events(
        host: CallerAccess, program_id: KnownForm, last_event_id: LastEventID = None, after: LastEventIDQuery = None
    ) -> Response:
        start = await resume_one(host, program_id, after if last_event_id is None else last_event_id)
        return Live(with_keep_alive(render(host.feed(program_id, after=start))), EVENT_STREAM)

    @api.get(
        "/events",
        response_class=Response,
        responses=INVALID | {200: {"content": {EVENT_STREAM: {}}, "description": "server-sent events"}},
        summary="Follow what happens to all programs, from now or from an earlier event",
        operation_id="all_events",
    )
    async def events(host: CallerAccess, last_event_id: LastEventID = None, after: LastEventIDQuery = None) -> Response:
        start = await resume_all(host, after if last_event_id is None else last_event_id)
        return Live(with_keep_alive(render(host.feed(after=start), start)), EVENT_STREAM)

    @api.get(
        "/programs/{program_id}/journal",
        response_model=Journal,
        responses=ABSENT | INVALID,
        summary="Show what has happened to a program, oldest first; for a while also to one that is deleted",
        operation_id="program_journal",
    )
    async def journal(
        host: CallerAccess, program_id: KnownForm, after: After = None, limit: PageSize = DEFAULT_TAIL
    ) -> Journal:
        return Journal.of(program_id, await host.journal(program_id, after=after, limit=limit))

    @api.get(
        "/programs/{program_id}/stats",
        response_model=Stats,
        responses=ENGINE,
        summary="Show what a program uses of the machine",
        operation_id="program_stats",
    )
    async def stats(host: CallerAccess, program_id: KnownForm) -> Stats:
        used = await host.stats(program_id)
        return Stats.of(await host.get(program_id), used, host.clock.now())
