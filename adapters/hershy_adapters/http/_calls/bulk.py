"""The calls for many programs at once."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request, Response

from hershy.errors import HershyError
from hershy.programs.application.bulk import BulkOutcome
from hershy.programs.application.caller_access import Access
from hershy.programs.ports.repository import ProgramFilter
from hershy.wire import BulkResult, BulkResults, CreatedPrograms, Criteria, Deleted, NewPrograms

from .._errors import verdict
from .._guard.admission import CallerAccess
from .._shapes.described import answer, gives, refusals, takes
from .._shapes.requests import read_criteria, read_new_programs
from .._shapes.responses import created, initiated
from .parameters import INVALID

Act = Callable[[Access, ProgramFilter], Awaitable[Sequence[BulkOutcome]]]

_ENGINE_AWAY = refusals(HTTPStatus.SERVICE_UNAVAILABLE)
_TOO_MUCH = refusals(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.TOO_MANY_REQUESTS)


def add_bulk_routes(api: FastAPI) -> None:
    @api.post(
        "/bulk/programs",
        status_code=HTTPStatus.CREATED,
        responses=gives(CreatedPrograms, HTTPStatus.CREATED) | INVALID | _TOO_MUCH | _ENGINE_AWAY,
        openapi_extra=takes(NewPrograms),
        summary="Register several programs, all or none",
        operation_id="create_programs",
    )
    async def create(access: CallerAccess, request: Request) -> Response:
        registered = await access.create_all(read_new_programs(await request.body()))
        return answer(CreatedPrograms([created(it) for it in registered], len(registered)), HTTPStatus.CREATED)

    def for_many(what: str, summary: str, act: Act, success: str) -> None:
        @api.post(
            f"/bulk/{what}",
            responses=gives(BulkResults) | INVALID | _ENGINE_AWAY,
            openapi_extra=takes(Criteria),
            summary=summary,
            operation_id=f"{what}_programs",
        )
        async def carry_out(access: CallerAccess, request: Request) -> Response:
            return answer(_results(await act(access, read_criteria(await request.body())), success))

    for_many("start", "Begin to start every matching program", Access.start_all, initiated("start"))
    for_many("stop", "Begin to stop every matching program", Access.stop_all, initiated("stop"))
    for_many("restart", "Begin to restart every matching program", Access.restart_all, initiated("restart"))
    for_many("delete", "Delete every matching program; answers when all are gone", Access.delete_all, Deleted().message)


def _results(outcomes: Sequence[BulkOutcome], success: str) -> BulkResults:
    failed = sum(it.error is not None for it in outcomes)
    return BulkResults([_result(it, success) for it in outcomes], len(outcomes), failed)


def _result(outcome: BulkOutcome, success: str) -> BulkResult:
    """As the call for this program alone would have answered."""
    if outcome.error is None:
        return BulkResult(str(outcome.program_id), True, int(HTTPStatus.OK), success)
    status, message = verdict(outcome.error)
    program_id, told = str(outcome.program_id), outcome.error
    detail, remedy = (told.detail, told.remedy) if isinstance(told, HershyError) else ("", "")
    return BulkResult(program_id, False, int(status), message, status.phrase, detail or None, remedy or None)
