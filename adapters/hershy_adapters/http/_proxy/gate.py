"""``/programs/{id}/proxy/…``: requests that go to the program itself. Pure ASGI, since every byte passes here."""

import re
from collections.abc import Sequence
from http import HTTPStatus

from hershy.core.ids import ProgramID
from hershy.core.log import get_logger
from hershy.errors import HershyError, InvalidValue, ProgramNotFound, ProgramUnreachable
from hershy.programs.application.caller_access import Access
from hershy.programs.ports.api_server import ASGIApp, Receive, Scope, Send
from hershy.programs.ports.proxy import Header, ProxyRequest, ProxyResponse
from hershy_adapters._cancellation import Cancelled
from hershy_adapters._http_rules import end_to_end

from .._calls.caller import Caller
from .._errors import refusal_of
from .._guard.admission import access_of
from .._guard.isolation import isolated
from .._metrics import ROUTE
from .path import PREFIX, ForProgram, for_program
from .websocket import pass_websocket

RawHeaders = list[tuple[bytes, bytes]]

TEMPLATE = f"{PREFIX}/{{path}}"
_FRAMING = frozenset({"content-length", "transfer-encoding"})
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_STATUSES = range(200, 600)

_log = get_logger("hershy.http")


def proxy_gate(app: ASGIApp) -> ASGIApp:
    """Take what is for a program; leave the rest to ``app``."""

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        wanted = for_program(scope) if kind in ("http", "websocket") else None
        if wanted is None:
            await app(scope, receive, send)
            return
        scope[ROUTE] = TEMPLATE
        host = access_of(scope)
        if kind == "http":
            await _pass_request(host, wanted, scope, receive, send)
        else:
            await pass_websocket(host, wanted.program_id, wanted.target, _headers(scope, wanted), scope, receive, send)

    return gate


async def _pass_request(host: Access, wanted: ForProgram, scope: Scope, receive: Receive, send: Send) -> None:
    has_body = _has_body(scope)
    caller = Caller(receive, has_body=has_body)
    begun = False
    try:
        async with caller.cut:
            program_id = _program_id(wanted.program_id)
            body = caller.body() if has_body else b""
            request = ProxyRequest(scope["method"], wanted.target, _headers(scope, wanted), body)
            response = await host.request(program_id, request)
            try:
                start = isolated(_start(program_id, response), wanted.mount, wanted.target, _host_name(scope))
                begun = True
                await send({"type": "http.response.start", "status": response.status, "headers": start})
                await _send_body(scope["method"], response, send)
            finally:
                await response.body.aclose()
    except Cancelled:
        return
    except HershyError as error:
        if begun:
            # Returning before the end makes the server break the connection, so that the caller can tell.
            _log.info("answer broken off", program_id=wanted.program_id, error=str(error))
        else:
            await refusal_of(error)(scope, receive, send)
    finally:
        caller.leave()


async def _send_body(method: str, response: ProxyResponse, send: Send) -> None:
    remaining = _length(response.headers) if method != "HEAD" and response.status != HTTPStatus.NOT_MODIFIED else None
    async for chunk in response.body:
        if remaining is not None:
            remaining -= len(chunk)
        is_last = remaining == 0
        await send({"type": "http.response.body", "body": chunk, "more_body": not is_last})
        if is_last:
            return
    await send({"type": "http.response.body", "body": b""})


def _program_id(text: str) -> ProgramID:
    try:
        return ProgramID(text)
    except InvalidValue:
        raise ProgramNotFound(text) from None


def _has_body(scope: Scope) -> bool:
    """Whether a body may follow. Only HTTP/1 must announce it; there a length of 0 announces that none does."""
    if not scope.get("http_version", "1.1").startswith("1"):
        return True
    return any(name.decode("latin-1") in _FRAMING and value != b"0" for name, value in scope["headers"])


def _headers(scope: Scope, wanted: ForProgram) -> list[Header]:
    """As received, with what the program cannot know any more: who asked, and by which address."""
    received = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    host = dict(received).get("host", "")
    # Resolved here: further on, Connection could name what is added below, and hide who asked. Framing it cannot name.
    headers = [it for it in end_to_end(received) if it[0] not in _FRAMING]
    headers += [it for it in received if it[0] in _FRAMING]
    given = dict(headers)
    client = scope.get("client")
    if client is not None:
        before = ", ".join(value for name, value in headers if name == "x-forwarded-for")
        headers = [it for it in headers if it[0] != "x-forwarded-for"]
        headers.append(("x-forwarded-for", f"{before}, {client[0]}" if before else client[0]))
    if "x-forwarded-host" not in given and host:
        headers.append(("x-forwarded-host", host))
    if "x-forwarded-proto" not in given:
        scheme: str = scope["scheme"]
        headers.append(("x-forwarded-proto", {"ws": "http", "wss": "https"}.get(scheme, scheme)))
    headers.append(("x-forwarded-prefix", given.get("x-forwarded-prefix", "") + wanted.mount))
    return headers


def _host_name(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")


def _start(program_id: ProgramID, response: ProxyResponse) -> RawHeaders:
    """Raises ProgramUnreachable for an answer that no server could send on."""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    well_formed = all(_NAME.fullmatch(name) and _VALUE.fullmatch(value) for name, value in headers)
    if response.status not in _STATUSES or not well_formed:
        raise ProgramUnreachable(f"program {program_id} answered with a status or header that is not HTTP's")
    if response.status == HTTPStatus.NOT_MODIFIED:
        # It may give the length that it does not send; servers hold any length against the body.
        headers = [it for it in headers if it[0] != b"content-length"]
    return headers


def _length(headers: Sequence[Header]) -> int | None:
    value = next((value for name, value in headers if name.lower() == "content-length"), None)
    return int(value) if value is not None and value.isdecimal() else None
