"""The calls for many programs at once."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Self

from fastapi import FastAPI, Request
from pydantic import BaseModel

from hershy.programs.application.bulk import BulkOutcome
from hershy.programs.application.caller_access import Access
from hershy.programs.ports.repository import ProgramFilter

from .._errors import verdict
from .._guard.admission import CallerAccess
from .._shapes.requests import read_criteria, read_new_programs
from .._shapes.responses import Created, Deleted, initiated
from .parameters import INVALID, refusals

Act = Callable[[Access, ProgramFilter], Awaitable[Sequence[BulkOutcome]]]

_ENGINE_AWAY = refusals(HTTPStatus.SERVICE_UNAVAILABLE)
_TOO_MUCH = refusals(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.TOO_MANY_REQUESTS)


class CreatedPrograms(BaseModel):
    programs: list[Created]
    count: int


class BulkResult(BaseModel):
    """``code``, ``error`` and ``message`` are what the call for this program alone would have answered."""

    program_id: str
    ok: bool
    code: int
    error: str | None
    message: str

    @classmethod
    def of(cls, outcome: BulkOutcome, success: str) -> Self:
        program_id, error = str(outcome.program_id), outcome.error
        if error is None:
            return cls(program_id=program_id, ok=True, code=int(HTTPStatus.OK), error=None, message=success)
        status, message = verdict(error)
        return cls(program_id=program_id, ok=False, code=int(status), error=status.phrase, message=message)


class BulkResults(BaseModel):
    """In order of registration."""

    results: list[BulkResult]
    count: int
    failed: int

    @classmethod
    def of(cls, outcomes: Sequence[BulkOutcome], success: str) -> Self:
        failed = sum(it.error is not None for it in outcomes)
        return cls(results=[BulkResult.of(it, success) for it in outcomes], count=len(outcomes), failed=failed)


def add_bulk_routes(api: FastAPI) -> None:
    @api.post(
        "/bulk/programs",
        status_code=HTTPStatus.CREATED,
        response_model=CreatedPrograms,
        responses=INVALID | _TOO_MUCH | _ENGINE_AWAY,
        summary="Register several programs, all or none",
        operation_id="create_programs",
    )
    async def create(host: CallerAccess, request: Request) -> CreatedPrograms:
        programs = await host.create_all(read_new_programs(await request.body()))
        return CreatedPrograms(programs=[Created.of(it) for it in programs], count=len(programs))

    def for_many(what: str, summary: str, act: Act, success: str) -> None:
        @api.post(
            f"/bulk/{what}",
            response_model=BulkResults,
            responses=INVALID | _ENGINE_AWAY,
            summary=summary,
            operation_id=f"{what}_programs",
        )
        async def carry_out(host: CallerAccess, request: Request) -> BulkResults:
            return BulkResults.of(await act(host, read_criteria(await request.body())), success)

    for_many("start", "Begin to start every matching program", Access.start_all, initiated("start"))
    for_many("stop", "Begin to stop every matching program", Access.stop_all, initiated("stop"))
    for_many("restart", "Begin to restart every matching program", Access.restart_all, initiated("restart"))
    for_many("delete", "Delete every matching program; answers when all are gone", Access.delete_all, Deleted().message)
