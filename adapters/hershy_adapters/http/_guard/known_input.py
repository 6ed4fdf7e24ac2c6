"""Refuses what a call would otherwise ignore: query parameters that it does not have, and a body that it does not take.

What goes to programs never comes here: it is theirs.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from hershy.core.nearest import hint
from hershy.errors import InvalidValue
from hershy.wire import parse_object

from .._shapes.described import REQUEST_BODY


async def require_known_input(request: Request) -> None:
    """Raises InvalidValue, naming the parameter or the field, and the nearest right one."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    call = f"{request.method} {route.path}"
    _require_known_parameters(request, dict(_parameters(route.dependant)), call)
    takes_body = REQUEST_BODY in (route.openapi_extra or {})
    if not takes_body and _announces_body(request):
        _require_nothing(await request.body(), call)


def _require_known_parameters(request: Request, known: Mapping[str, bool], call: str) -> None:
    """``known``: each name, and whether it may be given several times."""
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            near = hint(name, known) if known else f"; {call} takes none"
            raise InvalidValue(f"{name:.200}: unknown parameter{near}")
        if count > 1 and not known[name]:
            raise InvalidValue(f"{name}: given {count} times; one is meant")


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    for field in dependant.query_params:
        yield field.alias, get_origin(field.field_info.annotation) is Sequence
    for inner in dependant.dependencies:
        yield from _parameters(inner)


def _announces_body(request: Request) -> bool:
    if request.headers.get("content-length", "0") != "0":
        return True
    # One without a length may never end, and a stream would not begin: behind a GET nobody means anything by it.
    return request.method not in ("GET", "HEAD") and "transfer-encoding" in request.headers


def _require_nothing(body: bytes, call: str) -> None:
    """Nothing and ``{}`` are alike: some clients send an object with every POST."""
    if not body.strip():
        return
    for name in parse_object(body):
        raise InvalidValue(f"{name:.200}: unknown field; {call} takes no body")
