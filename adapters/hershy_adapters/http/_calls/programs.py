"""The JSON calls on programs: register, show, start, stop, restart, delete."""

from http import HTTPStatus

from fastapi import FastAPI, Request, Response

from hershy.programs.domain.state import ProgramState
from hershy.wire import (
    CreatedProgram,
    Deleted,
    NewProgram,
    ProgramInfo,
    ProgramList,
    ProgramSource,
    ProxyInfo,
    Transition,
)

from .._guard.admission import CallerAccess
from .._shapes.described import answer, gives, refusals, takes
from .._shapes.program_view import RenderedPrograms
from .._shapes.requests import read_new_program
from .._shapes.responses import created, program_source, proxy_info, transition
from .parameters import (
    ABSENT,
    ENGINE,
    INVALID,
    KnownForm,
    Label,
    Limit,
    Offset,
    Text,
    program_filter,
    split_labels,
)

JSON = "application/json"
_TOO_MUCH = refusals(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def add_routes(api: FastAPI) -> None:
    rendered = RenderedPrograms()

    @api.post(
        "/programs",
        status_code=HTTPStatus.CREATED,
        responses=gives(CreatedProgram, HTTPStatus.CREATED) | INVALID | _TOO_MUCH,
        openapi_extra=takes(NewProgram),
        summary="Register a program; nothing is built yet",
        operation_id="create_program",
    )
    async def create(access: CallerAccess, request: Request) -> Response:
        return answer(created(await access.create(read_new_program(await request.body()))), HTTPStatus.CREATED)

    @api.get(
        "/programs",
        responses=gives(ProgramList) | INVALID,
        summary="List programs in order of registration",
        operation_id="list_programs",
    )
    async def list_programs(
        access: CallerAccess,
        user_id: str | None = None,
        state: ProgramState | None = None,
        label: Label = (),
        q: Text = "",
        limit: Limit = None,
        offset: Offset = 0,
    ) -> Response:
        found = await access.list(program_filter(user_id, state, split_labels(label), q))
        shown = found[offset : None if limit is None else offset + limit]
        return Response(rendered.many(shown), media_type=JSON)

    @api.get(
        "/programs/{program_id}",
        responses=gives(ProgramInfo) | ABSENT,
        summary="Show a program",
        operation_id="get_program",
    )
    async def get(access: CallerAccess, program_id: KnownForm) -> Response:
        return Response(rendered.one(await access.get(program_id)), media_type=JSON)

    @api.delete(
        "/programs/{program_id}",
        responses=gives(Deleted) | ENGINE,
        summary="Stop a program and remove all of it",
        operation_id="delete_program",
    )
    async def delete(access: CallerAccess, program_id: KnownForm) -> Response:
        await access.delete(program_id)
        return answer(Deleted())

    @api.post(
        "/programs/{program_id}/start",
        responses=gives(Transition) | ENGINE | refusals(HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS),
        summary="Begin to build and start; `state` is the one before",
        operation_id="start_program",
    )
    async def start(access: CallerAccess, program_id: KnownForm) -> Response:
        return answer(transition(await access.start(program_id), "start"))

    @api.post(
        "/programs/{program_id}/stop",
        responses=gives(Transition) | ENGINE,
        summary="Begin to stop; also cancels a build under way",
        operation_id="stop_program",
    )
    async def stop(access: CallerAccess, program_id: KnownForm) -> Response:
        return answer(transition(await access.stop(program_id), "stop"))

    @api.post(
        "/programs/{program_id}/restart",
        responses=gives(Transition) | ENGINE,
        summary="Replace the container of a running program by a new one",
        operation_id="restart_program",
    )
    async def restart(access: CallerAccess, program_id: KnownForm) -> Response:
        return answer(transition(await access.restart(program_id), "restart"))

    @api.get(
        "/programs/{program_id}/source",
        responses=gives(ProgramSource) | ABSENT,
        summary="Show the files a program was registered with",
        operation_id="program_source",
    )
    async def source(access: CallerAccess, program_id: KnownForm) -> Response:
        return answer(program_source(program_id, await access.source(program_id), access.clock.now()))

    @api.get(
        "/debug/proxy/{program_id}",
        responses=gives(ProxyInfo) | ABSENT,
        summary="Show what the proxy holds for a program",
        operation_id="debug_proxy",
    )
    async def debug_proxy(access: CallerAccess, program_id: KnownForm) -> Response:
        return answer(proxy_info(await access.get(program_id), await access.route(program_id)))
