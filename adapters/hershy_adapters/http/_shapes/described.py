"""How a route says what it takes and gives: for the OpenAPI document, and to refuse a body where none is taken."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Response

from hershy.wire import Body, Refused, reference, written

from .._errors import Json

REQUEST_BODY = "requestBody"
Responses = dict[int | str, dict[str, Any]]


def answer(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """A dataclass of the wire as a response."""
    return Json(written(value), status_code=status)


def takes(body: type[Body]) -> dict[str, Any]:
    """For a route's ``openapi_extra``."""
    return {REQUEST_BODY: {"required": True, "content": _json(body)}}


def gives(what: type, status: HTTPStatus = HTTPStatus.OK) -> Responses:
    """For a route's ``responses``."""
    return {int(status): {"content": _json(what)}}


def refusals(*statuses: HTTPStatus) -> Responses:
    return {int(it): {"content": _json(Refused), "description": it.phrase} for it in statuses}


def _json(of: type) -> Mapping[str, Any]:
    return {"application/json": {"schema": reference(of)}}
