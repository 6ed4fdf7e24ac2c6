"""The calls that show what programs say, do and use: logs, events, journal, statistics."""

from fastapi import FastAPI, Response

from hershy.core.ids import ProgramID
from hershy.errors import EngineUnavailable, InvalidValue
from hershy.programs.application.caller_access import Access
from hershy.programs.ports.runtime import LogQuery, LogStream
from hershy.wire import Journal, LogsInfo, StatsInfo

from .._guard.admission import CallerAccess
from .._shapes.described import Responses, answer, gives
from .._shapes.responses import journal as as_journal
from .._shapes.responses import program_stats
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
_JSON_OR_TEXT: Responses = {
    200: {
        "content": {**gives(LogsInfo)[200]["content"], TEXT: {}},
        "description": "JSON; with `follow`, lines of text as they come",
    }
}


def add_observing_routes(api: FastAPI) -> None:
    @api.get(
        "/programs/{program_id}/logs",
        responses=ENGINE | INVALID | _JSON_OR_TEXT,
        summary="Show or follow a program's output, or its build's",
        operation_id="program_logs",
    )
    async def logs(
        access: CallerAccess,
        program_id: KnownForm,
        tail: Tail = DEFAULT_TAIL,
        since: Since = None,
        stream: Stream = None,
        follow_on: Follow = False,
    ) -> Response:
        moment = parse_since(since, access.clock.now()) if since is not None else None
        if stream == BUILD_LOG:
            if moment is not None:
                raise InvalidValue("since: a build's output is kept without times", remedy="use tail")
            return await build_log(access, program_id, tail, follow_on=follow_on)
        streams = frozenset({LogStream(stream)}) if stream is not None else frozenset(LogStream)
        query = LogQuery(tail=tail, since=moment, streams=streams)
        if follow_on:
            program = await access.get(program_id)
            if program.container_id is not None and not access.engine_is_up:
                raise EngineUnavailable("the container engine does not answer; what it runs is out of sight until then")
            return Live(program_output(access.follow_logs(program_id, query)), TEXT)
        shown = await access.logs(program_id, query)
        return as_logs(access, program_id, str(shown.container_id) if shown.container_id else None, shown.text)

    async def build_log(access: Access, program_id: ProgramID, tail: int, *, follow_on: bool) -> Response:
        if follow_on:
            await access.get(program_id)
            return Live(build_output(access.follow_build_log(program_id, tail)), TEXT)
        return as_logs(
            access, program_id, None, "".join(f"{line}\n" for line in await access.build_log(program_id, tail))
        )

    def as_logs(access: Access, program_id: ProgramID, container_id: str | None, text: str) -> Response:
        return answer(LogsInfo(str(program_id), text, access.clock.now(), container_id))

    @api.get(
        "/programs/{program_id}/events",
        response_class=Response,
        responses=ABSENT | INVALID | {200: {"content": {EVENT_STREAM: {}}, "description": "server-sent events"}},
        summary="Follow what happens to a program, from its present state or from an earlier event",
        operation_id="program_events",
    )
    async def program_events(
        access: CallerAccess, program_id: KnownForm, last_event_id: LastEventID = None, after: LastEventIDQuery = None
    ) -> Response:
        start = await resume_one(access, program_id, after if last_event_id is None else last_event_id)
        return Live(with_keep_alive(render(access.feed(program_id, after=start))), EVENT_STREAM)

    @api.get(
        "/events",
        response_class=Response,
        responses=INVALID | {200: {"content": {EVENT_STREAM: {}}, "description": "server-sent events"}},
        summary="Follow what happens to all programs, from now or from an earlier event",
        operation_id="all_events",
    )
    async def events(
        access: CallerAccess, last_event_id: LastEventID = None, after: LastEventIDQuery = None
    ) -> Response:
        start = await resume_all(access, after if last_event_id is None else last_event_id)
        return Live(with_keep_alive(render(access.feed(after=start), start)), EVENT_STREAM)

    @api.get(
        "/programs/{program_id}/journal",
        responses=gives(Journal) | ABSENT | INVALID,
        summary="Show what has happened to a program, oldest first; for a while also to one that is deleted",
        operation_id="program_journal",
    )
    async def journal(
        access: CallerAccess, program_id: KnownForm, after: After = None, limit: PageSize = DEFAULT_TAIL
    ) -> Response:
        return answer(as_journal(program_id, await access.journal(program_id, after=after, limit=limit)))

    @api.get(
        "/programs/{program_id}/stats",
        responses=gives(StatsInfo) | ENGINE,
        summary="Show what a program uses of the machine",
        operation_id="program_stats",
    )
    async def stats(access: CallerAccess, program_id: KnownForm) -> Response:
        used = await access.stats(program_id)
        return answer(program_stats(await access.get(program_id), used, access.clock.now()))
