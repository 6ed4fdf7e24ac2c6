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
from .token_expiry import while_valid

ACCESS = "hershy.access"
"""Where in the scope it is left what the caller may do. Without it no call works."""

OPEN_TO_ALL = frozenset({"/healthz", "/readyz"})


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
        if authenticator is None:
            scope[ACCESS] = everything
            await app(scope, receive, send)
            return
        if scope["type"] == "http" and _path(scope) in OPEN_TO_ALL:
            await app(scope, receive, send)
            return
        try:
            scope[ACCESS] = Access(host, await _principal(authenticator, token))
        except Unauthorized as error:
            challenge = "Bearer" if token is None else 'Bearer error="invalid_token"'
            await refuse(refusal_of(error, {"WWW-Authenticate": challenge}), scope, receive, send)
        except HershyError as error:
            await refuse(refusal_of(error), scope, receive, send)
        else:
            assert token is not None
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
