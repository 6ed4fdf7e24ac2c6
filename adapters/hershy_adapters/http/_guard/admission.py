"""Who is calling: found out once, before anything else looks at a request."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from hershy.access.authentication import Authenticator
from hershy.access.principals import LOCAL, Principal
from hershy.errors import HershyError, Unauthorized
from hershy.programs.application.caller_access import Access
from hershy.programs.application.host import Host
from hershy.programs.ports.api_server import ASGIApp, Receive, Scope, Send

from .._errors import refusal_of
from .credentials import take_token
from .refusing import refuse
from .reserve import CROWDED, OPEN_TO_ALL, crowded
from .token_expiry import while_valid

ACCESS = "hershy.access"
"""Where in the scope it is left what the caller may do. Without it no call works."""


async def _access(connection: HTTPConnection) -> Access:
    return access_of(connection.scope)


CallerAccess = Annotated[Access, Depends(_access)]


def access_of(scope: Scope) -> Access:
    access: Access = scope[ACCESS]
    return access


def admission(app: ASGIApp, host: Host, authenticator: Authenticator | None) -> ASGIApp:
    """Let through whom ``authenticator`` knows; everybody without one."""
    everything = Access(host, LOCAL)

    async def admitting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        token = take_token(scope, is_asked_for=authenticator is not None)
        is_open_to_all = scope["type"] == "http" and _path(scope) in OPEN_TO_ALL
        if authenticator is None:
            if CROWDED in scope and not is_open_to_all:
                await refuse(crowded(scope), scope, receive, send)
                return
            scope[ACCESS] = everything
            await app(scope, receive, send)
            return
        if is_open_to_all:
            await app(scope, receive, send)
            return
        try:
            principal = await _principal(authenticator, token)
        except Unauthorized as error:
            challenge = "Bearer" if token is None else 'Bearer error="invalid_token"'
            await refuse(refusal_of(error, {"WWW-Authenticate": challenge}), scope, receive, send)
        except HershyError as error:
            await refuse(refusal_of(error), scope, receive, send)
        else:
            assert token is not None
            if CROWDED in scope and not principal.is_admin:
                await refuse(crowded(scope), scope, receive, send)
                return
            scope[ACCESS] = Access(host, principal)
            await while_valid(app, authenticator, token, scope, receive, send)

    return admitting


async def _principal(authenticator: Authenticator, token: str | None) -> Principal:
    if token is None:
        raise Unauthorized(
            "this Host asks for a token: 'Authorization: Bearer hershy_…'", remedy="hershy's clients send HERSHY_TOKEN"
        )
    return await authenticator.principal(token)


def _path(scope: Scope) -> str:
    root: str = scope.get("root_path", "").rstrip("/")
    path: str = scope["path"]
    return path.removeprefix(root)
