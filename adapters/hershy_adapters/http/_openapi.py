"""What the framework cannot know of the API, added to its OpenAPI document."""

from typing import Any

from hershy.wire import DESCRIBED, Refused, reference, schemas

from ._guard.reserve import OPEN_TO_ALL
from ._proxy.path import PREFIX

PROXY_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_REFUSED = {"application/json": {"schema": reference(Refused)}}
_NOT_KNOWN = "a parameter, or a body, that this call does not take"
_AT_THE_DOOR = {"421": "the Host is not known by this name"}
_FOR_THE_CALLER = {
    "401": "no token, or one that is not valid",
    "403": "not for this caller, or a web page of another origin",
}
_REFUSALS = {
    "404": "no such program",
    "502": "the program does not answer",
    "503": "the program is not Ready",
    "504": "the program began no answer in time",
}


def complete(document: dict[str, Any]) -> None:
    """Add, in place, what the calls' bodies and answers look like, and the calls that go to programs."""
    known: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    _drop_framework_errors(document, known)
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("400", {"description": _NOT_KNOWN, "content": _REFUSED})
    document["paths"][f"{PREFIX}/{{path}}"] = {method: _proxied(method) for method in PROXY_METHODS}
    _add_access(document)
    pointed_to = str(document["paths"])
    described = [it for it in DESCRIBED if f"'{reference(it)['$ref']}'" in pointed_to]
    known |= schemas(*described)


def _drop_framework_errors(document: dict[str, Any], known: dict[str, Any]) -> None:
    """The framework documents 422 for every call with parameters; here all of these are 400, in our shape."""
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    known.pop("HTTPValidationError", None)
    known.pop("ValidationError", None)


def _add_access(document: dict[str, Any]) -> None:
    """The token, which a Host may ask for, and what is answered before a call is looked at."""
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            asked = _AT_THE_DOOR if path in OPEN_TO_ALL else {**_AT_THE_DOOR, **_FOR_THE_CALLER}
            operation["responses"] |= {
                status: {"description": why, "content": _REFUSED} for status, why in asked.items()
            }
            if path not in OPEN_TO_ALL:
                operation["security"] = [{}, {"token": []}]


def _proxied(method: str) -> dict[str, Any]:
    return {
        "summary": "Reach the program itself, by any method or WebSocket",
        "operationId": f"proxy_{method}",
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in ("program_id", "path")
        ],
        "responses": {
            "default": {"description": "what the program answers"},
            **{status: {"description": why, "content": _REFUSED} for status, why in _REFUSALS.items()},
        },
    }
