"""The JSON calls on programs: register, show, start, stop, restart, delete."""

from http import HTTPStatus

from fastapi import FastAPI, Request, Response

from hershy.programs.domain.state import ProgramState

from .._guard.admission import CallerAccess
from .._shapes.program_view import ProgramList, ProgramView, RenderedPrograms
from .._shapes.requests import read_new_program
from .._shapes.responses import Created, Deleted, Initiated, RouteView, Source
from .parameters import (
    ABSENT,
    ENGINE,
    INVALID,
    KnownForm,
    Label,
    Limit,
    Offset,
    program_filter,
    refusals,
    split_labels,
)

JSON = "application/json"
_TOO_MUCH = refusals(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def add_routes(api: FastAPI) -> None:
    rendered = RenderedPrograms()

    @api.post(
        "/programs",
        status_code=HTTPStatus.CREATED,
        response_model=Created,
        responses=INVALID | _TOO_MUCH,
        summary="Register a program; nothing is built yet",
        operation_id="create_program",
    )
    async def create(host: CallerAccess, request: Request) -> Created:
        return Created.of(await host.create(read_new_program(await request.body())))

    @api.get(
        "/programs",
        response_model=ProgramList,
        responses=INVALID,
        summary="List programs in order of registration",
        operation_id="list_programs",
    )
    async def list_programs(
        host: CallerAccess,
        user_id: str | None = None,
        state: ProgramState | None = None,
        label: Label = (),
        limit: Limit = None,
        offset: Offset = 0,
    ) -> Response:
        found = await host.list(program_filter(user_id, state, split_labels(label)))
        shown = found[offset : None if limit is None else offset + limit]
        return Response(rendered.many(shown), media_type=JSON)

    @api.get(
        "/programs/{program_id}",
        response_model=ProgramView,
        responses=ABSENT,
        summary="Show a program",
        operation_id="get_program",
    )
    async def get(host: CallerAccess, program_id: KnownForm) -> Response:
        return Response(rendered.one(await host.get(program_id)), media_type=JSON)

    @api.delete(
        "/programs/{program_id}",
        response_model=Deleted,
        responses=ENGINE,
        summary="Stop a program and remove all of it",
        operation_id="delete_program",
    )
    async def delete(host: CallerAccess, program_id: KnownForm) -> Deleted:
        await host.delete(program_id)
        return Deleted()

    @api.post(
        "/programs/{program_id}/start",
        response_model=Initiated,
        responses=ENGINE | refusals(HTTPStatus.CONFLICT),
        summary="Begin to build and start; `state` is the one before",
        operation_id="start_program",
    )
    async def start(host: CallerAccess, program_id: KnownForm) -> Initiated:
        return Initiated.of(await host.start(program_id), "start")

    @api.post(
        "/programs/{program_id}/stop",
        response_model=Initiated,
        responses=ENGINE,
        summary="Begin to stop; also cancels a build under way",
        operation_id="stop_program",
    )
    async def stop(host: CallerAccess, program_id: KnownForm) -> Initiated:
        return Initiated.of(await host.stop(program_id), "stop")

    @api.post(
        "/programs/{program_id}/restart",
        response_model=Initiated,
        responses=ENGINE,
        summary="Replace the container of a running program by a new one",
        operation_id="restart_program",
    )
    async def restart(host: CallerAccess, program_id: KnownForm) -> Initiated:
        return Initiated.of(await host.restart(program_id), "restart")

    @api.get(
        "/programs/{program_id}/source",
        response_model=Source,
        responses=ABSENT,
        summary="Show the files a program was registered with",
        operation_id="program_source",
    )
    async def source(host: CallerAccess, program_id: KnownForm) -> Source:
        return Source.of(program_id, await host.source(program_id), host.clock.now())

    @api.get(
        "/debug/proxy/{program_id}",
        response_model=RouteView,
        responses=ABSENT,
        summary="Show what the proxy holds for a program",
        operation_id="debug_proxy",
    )
    async def debug_proxy(host: CallerAccess, program_id: KnownForm) -> RouteView:
        return RouteView.of(program_id, await host.route(program_id))
