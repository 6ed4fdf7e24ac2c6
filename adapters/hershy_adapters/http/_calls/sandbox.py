"""The calls that run code once, or only look at it."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from hershy.access.principals import LOCAL, Principal
from hershy.errors import Unauthorized
from hershy.sandbox.application.service import SandboxService
from hershy.sandbox.domain.result import SandboxResult
from hershy_adapters._cancellation import Cancelled

from .._errors import Json
from .._guard.admission import CallerAccess
from .._shapes.sandbox_body import read_run, read_score
from .._shapes.sandbox_view import RiskView, RunView, run_view, score_view
from .caller import Caller
from .parameters import INVALID, refusals

RUNS, SCORES = "/sandbox/runs", "/sandbox/scores"
NOTICEABLE_BYTES = 256 * 1024
"""Some milliseconds to read or to write as JSON."""

T = TypeVar("T")

_TOO_LARGE = refusals(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_ENGINE = refusals(HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_NO_IMAGE = {404: {**refusals(HTTPStatus.NOT_FOUND)[404], "description": "the engine has no such image"}}


def add_sandbox_routes(api: FastAPI, sandbox: SandboxService) -> None:
    @api.post(
        RUNS,
        response_model=RunView,
        responses=INVALID | _NO_IMAGE | _TOO_LARGE | _ENGINE,
        summary="Run a piece of code, once, in a sandbox; answers when it has ended",
        operation_id="run_code",
    )
    async def run(caller: CallerAccess, request: Request) -> Response:
        body = await request.body()
        asked = await _aside(len(body), read_run, body)
        threshold = sandbox.threshold(check=asked.check, threshold=asked.threshold)
        running = sandbox.run(asked.job, check=asked.check, threshold=asked.threshold, by=caller.principal)
        try:
            result = await _while_there(request, running)
        except Cancelled:
            return _cut_short(caller.principal)
        return await _aside(_size(result), lambda: Json(run_view(result, threshold)))

    @api.post(
        SCORES,
        response_model=RiskView,
        responses=INVALID | _TOO_LARGE | _ENGINE,
        summary="Say how risky a piece of code looks, without running it",
        operation_id="score_code",
    )
    async def score(caller: CallerAccess, request: Request) -> Response:
        body = await request.body()
        looking = sandbox.analyze(await _aside(len(body), read_score, body), by=caller.principal)
        try:
            report = await _while_there(request, looking)
        except Cancelled:
            return _cut_short(caller.principal)
        threshold = sandbox.threshold()
        assert threshold is not None
        return Json(score_view(report, threshold))


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
