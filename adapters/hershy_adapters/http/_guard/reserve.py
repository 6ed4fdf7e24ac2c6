"""The last connections of a server, kept for those who look whether it is well, and for those who run it."""

from http import HTTPStatus

from hershy.programs.ports.api_server import ASGIApp, Message, Receive, Scope, Send

from .._errors import Json, refusal

OPEN_TO_ALL = frozenset({"/healthz", "/readyz"})
CROWDED = "hershy.crowded"
"""In the scope of a request that only an admin's token lets through, with the text of the refusal."""


def reserved(app: ASGIApp, message: str) -> ASGIApp:
    """Serve health checks, and hand on what brings a token for ``admission`` to look at; refuse the rest with 503."""

    async def admitting(scope: Scope, receive: Receive, send: Send) -> None:
        async def closing(answered: Message) -> None:
            if answered["type"] == "http.response.start":
                headers = [it for it in answered.get("headers", ()) if it[0] != b"connection"]
                answered = {**answered, "headers": [*headers, (b"connection", b"close")]}
            await send(answered)

        crowded_scope = {**scope, CROWDED: message}
        has_token = any(name == b"authorization" for name, _ in scope["headers"])
        if has_token or scope["path"] in OPEN_TO_ALL:
            await app(crowded_scope, receive, closing)
        else:
            await crowded(crowded_scope)(scope, receive, send)

    return admitting


def crowded(scope: Scope) -> Json:
    return refusal(HTTPStatus.SERVICE_UNAVAILABLE, scope[CROWDED], {"Connection": "close"}, remedy="try again later")
