"""The calls that run code once, or only look at it."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from hershy.access.principals import LOCAL, Principal
from hershy.errors import Unauthorized
from hershy.sandbox.application.caller_access import SandboxAccess
from hershy.sandbox.domain.result import SandboxResult
from hershy.wire import NewRun, NewScore, RiskInfo, RunView, risk_info, run_view
from hershy_adapters._cancellation import Cancelled

from .._guard.admission import CallerAccess
from .._shapes.described import answer, gives, refusals, takes
from .._shapes.sandbox_body import read_run, read_score
from .caller import Caller
from .parameters import INVALID

RUNS, SCORES = "/sandbox/runs", "/sandbox/scores"
NOTICEABLE_BYTES = 256 * 1024
"""Some milliseconds to read or to write as JSON."""

T = TypeVar("T")

_TOO_LARGE = refusals(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_ENGINE = refusals(HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_NO_IMAGE = {404: {**refusals(HTTPStatus.NOT_FOUND)[404], "description": "the engine has no such image"}}


def add_sandbox_routes(api: FastAPI, access_for: Callable[[Principal], SandboxAccess]) -> None:
    """``access_for`` makes of a caller what it may do with the sandbox."""

    async def own_access(access: CallerAccess) -> SandboxAccess:
        return access_for(access.principal)

    own_sandbox = Annotated[SandboxAccess, Depends(own_access)]

    @api.post(
        RUNS,
        responses=gives(RunView) | INVALID | _NO_IMAGE | _TOO_LARGE | _ENGINE,
        summary="Run a piece of code, once, in a sandbox; answers when it has ended",
        operation_id="run_code",
        openapi_extra=takes(NewRun),
    )
    async def run(access: CallerAccess, sandbox: own_sandbox, request: Request) -> Response:
        body = await request.body()
        asked = await _aside(len(body), read_run, body)
        running = sandbox.run(asked.job, check=asked.check, threshold=asked.threshold)
        try:
            result = await _while_there(request, running)
        except Cancelled:
            return _cut_short(access.principal)
        return await _aside(_size(result), lambda: answer(run_view(result)))

    @api.post(
        SCORES,
        responses=gives(RiskInfo) | INVALID | _TOO_LARGE | _ENGINE,
        summary="Say how risky a piece of code looks, without running it",
        operation_id="score_code",
        openapi_extra=takes(NewScore),
    )
    async def score(access: CallerAccess, sandbox: own_sandbox, request: Request) -> Response:
        body = await request.body()
        looking = sandbox.analyze(await _aside(len(body), read_score, body))
        try:
            report = await _while_there(request, looking)
        except Cancelled:
            return _cut_short(access.principal)
        return answer(risk_info(report))


async def _aside(size: int, work: Callable[..., T], *args: Any) -> T:
    """In a thread where there are so many bytes to it that other callers would notice."""
    return work(*args) if size < NOTICEABLE_BYTES else await asyncio.to_thread(work, *args)


async def _while_there(request: Request, work: Awaitable[T]) -> T:
    """Raises Cancelled, with the work cancelled, when the caller goes away meanwhile or its token ends."""
    caller = Caller(request.receive, has_body=False)
    try:
        async with caller.cut:
            return await work
    finally:
        caller.leave()


def _cut_short(principal: Principal) -> Response:
    """Raises Unauthorized: whoever comes with a token is told that it has ended, if anybody is there."""
    if principal is LOCAL:
        return _Silence()
    raise Unauthorized("the token has ended, and so has what it asked for")


def _size(result: SandboxResult) -> int:
    return len(result.raw_stdout) + len(result.raw_stderr) + sum(len(it) for it in result.files.values())


class _Silence(Response):
    """To a caller that has gone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        return
