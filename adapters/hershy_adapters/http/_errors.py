"""Every refusal in the one shape of the wire contract, and which error has which status."""

import json
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from hershy.core.log import get_logger
from hershy.errors import (
    BuildError,
    Conflict,
    DeadlineExceeded,
    Forbidden,
    HershyError,
    InvalidValue,
    NotFound,
    ProgramNotReady,
    ProgramNotRunning,
    ProgramTimeout,
    ProgramUnreachable,
    QuotaExceeded,
    RuntimeFailure,
    Unauthorized,
    Unavailable,
)
from hershy.programs.ports.api_server import Scope
from hershy.wire import ERROR_HEADER, Refused, error_header, written

from ._shapes.sentences import sentence

STATUSES: Mapping[type[HershyError], HTTPStatus] = {
    InvalidValue: HTTPStatus.BAD_REQUEST,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    ProgramNotRunning: HTTPStatus.NOT_FOUND,
    ProgramNotReady: HTTPStatus.SERVICE_UNAVAILABLE,
    Conflict: HTTPStatus.CONFLICT,
    QuotaExceeded: HTTPStatus.TOO_MANY_REQUESTS,
    ProgramTimeout: HTTPStatus.GATEWAY_TIMEOUT,
    ProgramUnreachable: HTTPStatus.BAD_GATEWAY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    DeadlineExceeded: HTTPStatus.SERVICE_UNAVAILABLE,
    RuntimeFailure: HTTPStatus.SERVICE_UNAVAILABLE,
    BuildError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The nearest entry among an error's classes holds; an error without one is a bug, 500."""

_log = get_logger("hershy.http")


class Json(JSONResponse):
    """UTF-8 whatever the text holds: a lone surrogate, which programs can print, becomes a question mark."""

    def render(self, content: Any) -> bytes:
        return encoded(content)


def encoded(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(errors="replace")


def refusal(
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    detail: str | None = None,
    remedy: str | None = None,
) -> Json:
    refused = Refused(HTTPStatus(status).phrase, int(status), message, detail, remedy)
    return Json(written(refused), status_code=status, headers=dict(headers or {}))


def refusal_of(error: Exception, headers: Mapping[str, str] | None = None) -> Json:
    """With the error's type and attributes, by which clients raise the same."""
    status, message = verdict(error)
    if not isinstance(error, HershyError):
        return refusal(status, message, headers)
    told = {ERROR_HEADER: error_header(type(error).__name__, error.fields), **(headers or {})}
    if isinstance(error, QuotaExceeded) and error.retry_after_s is not None:
        told["Retry-After"] = str(ceil(error.retry_after_s))
    return refusal(status, message, told, error.detail or None, error.remedy or None)


def verdict(error: Exception) -> tuple[HTTPStatus, str]:
    """How a request is answered that ended in ``error``; what is not meant for callers is logged, not told."""
    status = next((STATUSES[it] for it in type(error).__mro__ if it in STATUSES), None)
    if status is not None:
        return status, error.message if isinstance(error, HershyError) else str(error)
    if isinstance(error, OSError):
        _log.error("storage failed", error=str(error))
        return HTTPStatus.SERVICE_UNAVAILABLE, f"the Host's storage failed: {error.strerror or 'no detail'}"
    log_unexpected(error)
    return _UNEXPECTED


_UNEXPECTED = (HTTPStatus.INTERNAL_SERVER_ERROR, "an unexpected error, which the Host's log describes")


def log_unexpected(error: Exception, scope: Scope | None = None) -> None:
    # As plain text: a renderer that shows local variables would put callers' sources and secrets into the log.
    trace = "".join(traceback.format_exception(error))
    _log.error("unexpected error", **program_of(scope or {}), error=repr(error), trace=trace)


def program_of(scope: Scope) -> Mapping[str, str]:
    """The log field that names the program a request is about."""
    program_id = scope.get("path_params", {}).get("program_id")
    return {} if program_id is None else {"program_id": program_id}


def install_handlers(app: FastAPI) -> None:
    async def on_error(request: Request, error: Exception) -> Json:
        return refusal_of(error)

    async def on_unexpected(request: Request, error: Exception) -> Json:
        return refusal(*_UNEXPECTED)  # the framework raises it again when this is sent, and the error boundary logs it

    async def on_caller_gone(request: Request, error: Exception) -> Json:
        return refusal(HTTPStatus.BAD_REQUEST, "the body broke off before its end")

    async def on_invalid(request: Request, error: Exception) -> Json:
        assert isinstance(error, RequestValidationError)
        return refusal(HTTPStatus.BAD_REQUEST, sentence(error.errors()[0]))

    async def on_http(request: Request, error: Exception) -> Json:
        assert isinstance(error, HTTPException)
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = ", ".join(_allowed_methods(app, request))
            message = f"{request.method} is not allowed on {request.url.path}; allowed: {allowed}"
            return refusal(error.status_code, message, {"Allow": allowed})
        if error.status_code == HTTPStatus.NOT_FOUND:
            return refusal(error.status_code, f"no such call: {request.method} {request.url.path}")
        return refusal(error.status_code, str(error.detail), error.headers)

    app.add_exception_handler(HershyError, on_error)
    app.add_exception_handler(OSError, on_error)
    app.add_exception_handler(Exception, on_unexpected)
    app.add_exception_handler(ClientDisconnect, on_caller_gone)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)


def _allowed_methods(app: FastAPI, request: Request) -> list[str]:
    methods: set[str] = set()
    for route in app.routes:
        if route.matches(request.scope)[0] is Match.PARTIAL:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))
