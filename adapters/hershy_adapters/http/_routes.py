"""The JSON calls of the Host API."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Query, Request, Response

from hershy.application.host import Host
from hershy.domain.errors import InvalidValue, ProgramNotFound
from hershy.domain.ids import ProgramID, UserID
from hershy.domain.state import ProgramState
from hershy.ports.repository import ProgramFilter
from hershy.ports.runtime import LogQuery, LogStream

from ._events import all_events, events_of
from ._follow import follow
from ._live import Live, with_keep_alive
from ._requests import read_new_program
from ._responses import (
    Created,
    Deleted,
    Initiated,
    Logs,
    ProgramList,
    ProgramView,
    Refused,
    RouteView,
    Source,
)

DEFAULT_TAIL = 200
MAX_TAIL = 100_000
BUILD_LOG = "build"
EVENT_STREAM = "text/event-stream"


def _known_form(program_id: str) -> ProgramID:
    try:
        return ProgramID(program_id)
    except InvalidValue:
        raise ProgramNotFound(program_id) from None


KnownForm = Annotated[ProgramID, Depends(_known_form)]
Label = Annotated[Sequence[str], Query(description="`key=value`; every one given must match")]
Tail = Annotated[int, Query(ge=0, le=MAX_TAIL, description="at most so many of the newest lines")]
Follow = Annotated[bool, Query(alias="follow", description="go on until the container ends")]
Stream = Annotated[Literal["stdout", "stderr", "build"] | None, Query(description="output of one kind only")]


def _refusals(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    return {int(it): {"model": Refused, "description": it.phrase} for it in statuses}


_ABSENT = _refusals(HTTPStatus.NOT_FOUND)
_ENGINE = _refusals(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)


def add_routes(api: FastAPI, host: Host) -> None:
    @api.post(
        "/programs",
        status_code=HTTPStatus.CREATED,
        response_model=Created,
        responses=_refusals(HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.TOO_MANY_REQUESTS),
        summary="Register a program; nothing is built yet",
        operation_id="create_program",
    )
    async def create(request: Request) -> Created:
        return Created.of(await host.create(read_new_program(await request.body())))

    @api.get(
        "/programs",
        response_model=ProgramList,
        responses=_refusals(HTTPStatus.BAD_REQUEST),
        summary="List programs in order of registration",
        operation_id="list_programs",
    )
    async def list_programs(
        user_id: str | None = None, state: ProgramState | None = None, label: Label = ()
    ) -> ProgramList:
        labels = dict(_split_label(it) for it in label)
        matching = ProgramFilter(UserID(user_id) if user_id is not None else None, state, labels=labels)
        return ProgramList.of(await host.list(matching))

    @api.get(
        "/programs/{program_id}",
        response_model=ProgramView,
        responses=_ABSENT,
        summary="Show a program",
        operation_id="get_program",
    )
    async def get(program_id: KnownForm) -> ProgramView:
        return ProgramView.of(await host.get(program_id))

    @api.delete(
        "/programs/{program_id}",
        response_model=Deleted,
        responses=_ENGINE,
        summary="Stop a program and remove all of it",
        operation_id="delete_program",
    )
    async def delete(program_id: KnownForm) -> Deleted:
        await host.delete(program_id)
        return Deleted()

    @api.post(
        "/programs/{program_id}/start",
        response_model=Initiated,
        responses=_ENGINE | _refusals(HTTPStatus.CONFLICT),
        summary="Begin to build and start; `state` is the one before",
        operation_id="start_program",
    )
    async def start(program_id: KnownForm) -> Initiated:
        return Initiated.of(await host.start(program_id), "start")

    @api.post(
        "/programs/{program_id}/stop",
        response_model=Initiated,
        responses=_ABSENT,
        summary="Begin to stop; also cancels a build under way",
        operation_id="stop_program",
    )
    async def stop(program_id: KnownForm) -> Initiated:
        return Initiated.of(await host.stop(program_id), "stop")

    @api.post(
        "/programs/{program_id}/restart",
        response_model=Initiated,
        responses=_ABSENT,
        summary="Replace the container of a running program by a new one",
        operation_id="restart_program",
    )
    async def restart(program_id: KnownForm) -> Initiated:
        return Initiated.of(await host.restart(program_id), "restart")

    @api.get(
        "/programs/{program_id}/logs",
        response_model=Logs,
        responses=_ENGINE
        | _refusals(HTTPStatus.BAD_REQUEST)
        | {200: {"content": {"text/plain": {}}, "description": "JSON; with `follow`, lines of text as they come"}},
        summary="Show or follow a program's output, or its build's",
        operation_id="program_logs",
    )
    async def logs(
        program_id: KnownForm, tail: Tail = DEFAULT_TAIL, stream: Stream = None, follow_on: Follow = False
    ) -> Any:
        if stream == BUILD_LOG:
            if follow_on:
                raise InvalidValue("follow: a build's output is followed on /programs/{id}/events, not here")
            text = "".join(f"{line}\n" for line in await host.build_log(program_id, tail))
            return _logs(program_id, None, text)
        streams = frozenset({LogStream(stream)}) if stream is not None else frozenset(LogStream)
        query = LogQuery(tail=tail, streams=streams)
        if follow_on:
            await host.get(program_id)
            return Live(follow(host, program_id, query), "text/plain")
        shown = await host.logs(program_id, query)
        return _logs(program_id, str(shown.container_id) if shown.container_id else None, shown.text)

    def _logs(program_id: ProgramID, container_id: str | None, text: str) -> Logs:
        return Logs(program_id=str(program_id), container_id=container_id, logs=text, timestamp=host.clock.now())

    @api.get(
        "/programs/{program_id}/source",
        response_model=Source,
        responses=_ABSENT,
        summary="Show the files a program was registered with",
        operation_id="program_source",
    )
    async def source(program_id: KnownForm) -> Source:
        return Source.of(program_id, await host.source(program_id), host.clock.now())

    @api.get(
        "/programs/{program_id}/events",
        response_class=Response,
        responses=_ABSENT | {200: {"content": {EVENT_STREAM: {}}, "description": "server-sent events"}},
        summary="Follow what happens to a program, beginning with its present state",
        operation_id="program_events",
    )
    async def program_events(program_id: KnownForm) -> Response:
        await host.get(program_id)
        return Live(with_keep_alive(events_of(host, program_id)), EVENT_STREAM)

    @api.get(
        "/events",
        response_class=Response,
        responses={200: {"content": {EVENT_STREAM: {}}, "description": "server-sent events"}},
        summary="Follow what happens to all programs",
        operation_id="all_events",
    )
    async def events() -> Response:
        return Live(with_keep_alive(all_events(host)), EVENT_STREAM)

    @api.get(
        "/debug/proxy/{program_id}",
        response_model=RouteView,
        responses=_ABSENT,
        summary="Show what the proxy holds for a program",
        operation_id="debug_proxy",
    )
    async def debug_proxy(program_id: KnownForm) -> RouteView:
        return RouteView.of(program_id, await host.route(program_id))


def _split_label(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not key or not separator:
        raise InvalidValue(f"label: must be 'key=value', not {text!r:.80}")
    return key, value
