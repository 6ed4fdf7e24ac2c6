"""The Host's own credentials in a request: where they are found, and taken out before anything goes to a program."""

import re
from collections.abc import Sequence

from hershy.access.tokens import SHAPE
from hershy.programs.ports.api_server import Scope

WEBSOCKET = "hershy"
"""A browser cannot give a WebSocket headers. It offers this subprotocol, for the Host to choose, ..."""
WEBSOCKET_TOKEN = "hershy.token."  # noqa: S105
"""... and one that begins so and goes on with the token, which is never chosen."""

CHOSEN = "hershy.subprotocol"
"""Where in the scope it is noted what the Host chooses if the program chooses nothing."""

_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)


def take_token(scope: Scope, *, is_asked_for: bool) -> str | None:
    """The token of a request, which is taken out of ``scope``; None without one.

    While none is asked for, an ``Authorization`` is the program's, unless it holds what only a token looks like.
    """
    given = _authorization(scope)
    bearer = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
    offered = _take_subprotocol(scope) if scope["type"] == "websocket" else None
    if bearer is not None and (SHAPE.fullmatch(bearer[1]) or (is_asked_for and offered is None)):
        scope["headers"] = [it for it in scope["headers"] if it[0] != b"authorization"]
        return bearer[1]
    return offered


def _authorization(scope: Scope) -> Sequence[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]


def _take_subprotocol(scope: Scope) -> str | None:
    offered: Sequence[str] = scope.get("subprotocols", ())
    tokens = [it.removeprefix(WEBSOCKET_TOKEN) for it in offered if it.startswith(WEBSOCKET_TOKEN)]
    if not tokens:
        return None
    scope["headers"] = [it for it in scope["headers"] if it[0] != b"sec-websocket-protocol"]
    scope["subprotocols"] = [it for it in offered if it != WEBSOCKET and not it.startswith(WEBSOCKET_TOKEN)]
    if WEBSOCKET in offered:
        scope[CHOSEN] = WEBSOCKET
    return tokens[0] if len(tokens) == 1 else None
