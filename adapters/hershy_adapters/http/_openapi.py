"""What the framework cannot know of the API, added to its OpenAPI document."""

from typing import Any

from hershy.programs.domain.restart import RestartMode

from ._calls.sandbox import RUNS, SCORES
from ._guard.admission import OPEN_TO_ALL
from ._proxy.path import PREFIX
from ._shapes.requests import Criteria, NewPrograms
from ._shapes.sandbox_body import NewRun, NewScore

BODIES = {
    "/programs": "NewProgram",
    "/bulk/programs": "NewPrograms",
    **{f"/bulk/{what}": "Criteria" for what in ("start", "stop", "restart", "delete")},
}
SANDBOX_BODIES = {RUNS: "NewRun", SCORES: "NewScore"}
PROXY_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_REFUSED = {"application/json": {"schema": {"$ref": "#/components/schemas/Refused"}}}
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
    """Add, in place, the bodies of calls, which are read by hand, and the calls that go to programs."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    _drop_framework_errors(document, schemas)
    runs_code = RUNS in document["paths"]
    for body in (NewPrograms, Criteria, *((NewRun, NewScore) if runs_code else ())):
        schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[body.__name__] = schema
    program = schemas["NewProgram"]["properties"]
    by_mode_alone = {"type": "string", "enum": [mode.value for mode in RestartMode]}
    program["restart_policy"]["anyOf"].insert(0, by_mode_alone)
    program["health_check"]["anyOf"].insert(0, {"type": "boolean"})
    if runs_code:
        _let_text_stand_for_content(schemas)
    for path, name in (BODIES | SANDBOX_BODIES if runs_code else BODIES).items():
        document["paths"][path]["post"]["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
        }
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("400", {"description": _NOT_KNOWN, "content": _REFUSED})
    document["paths"][f"{PREFIX}/{{path}}"] = {method: _proxied(method) for method in PROXY_METHODS}
    _add_access(document)


def _let_text_stand_for_content(schemas: dict[str, Any]) -> None:
    schemas["NewRun"]["properties"]["stdin"]["anyOf"].insert(0, {"type": "string"})
    for name in ("NewRun", "NewScore"):
        files = schemas[name]["properties"]["files"]["anyOf"][0]
        files["additionalProperties"] = {"anyOf": [{"type": "string"}, files["additionalProperties"]]}


def _drop_framework_errors(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    """The framework documents 422 for every call with parameters; here all of these are 400, in our shape."""
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)


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
