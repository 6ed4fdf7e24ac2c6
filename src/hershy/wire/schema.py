"""What the dataclasses look like in an OpenAPI document."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, get_args, get_origin

from hershy.core.resources import ResourceLimits
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.restart import RestartPolicy
from hershy.sandbox.domain.job import SandboxLimits

from .plain import YEAR_S
from .plan import Body, Short, WireField, alternatives, plan

REF = "#/components/schemas/"
_PLAIN: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    timedelta: {"type": "number", "minimum": 0, "maximum": YEAR_S},
    Any: {},
}
_NULL = {"type": "null"}
_BOTH_WAYS: Mapping[type, str] = {
    ResourceLimits: "Resources",
    RestartPolicy: "RestartPolicy",
    HealthCheck: "HealthCheck",
    SandboxLimits: "Limits",
}
"""Value objects that are sent with some of their fields, and answered with all."""


def reference(of: type) -> dict[str, Any]:
    """A pointer to where ``schemas`` puts ``of``."""
    return {"$ref": REF + schema_name(of, is_sent=issubclass(of, Body))}


def schemas(*of: type) -> dict[str, Any]:
    """The schemas of these dataclasses, and of all they hold, by name. What is sent is closed, answers are open."""
    described: dict[str, Any] = {}
    waiting = [(it, issubclass(it, Body)) for it in of]
    while waiting:
        it, is_sent = waiting.pop()
        name = schema_name(it, is_sent=is_sent)
        if name not in described:
            described[name] = _schema(it, is_sent)
            waiting += [(inner, is_sent) for field in plan(it).values() for inner in _inner(field.type)]
    return described


def schema_name(of: type, *, is_sent: bool) -> str:
    if of in _BOTH_WAYS:
        return _BOTH_WAYS[of] + ("Body" if is_sent else "View")
    name: str = getattr(of, "SCHEMA", of.__name__)
    return name


def _schema(of: type, is_sent: bool) -> dict[str, Any]:
    fields = plan(of).values()
    schema: dict[str, Any] = {
        "title": schema_name(of, is_sent=is_sent),
        "type": "object",
        "properties": {it.key: _property(it, is_sent) for it in fields},
    }
    required = [it.key for it in fields if (it.is_required if is_sent else not it.is_optional)]
    if required:
        schema["required"] = required
    if is_sent:
        schema["additionalProperties"] = False
    if about := inspect.getdoc(of):
        schema["description"] = re.sub(r"``(.+?)``", r"`\1`", about)
    return schema


def _property(field: WireField, is_sent: bool) -> dict[str, Any]:
    options = [_type(it, is_sent) for it in alternatives(field.type)]
    if field.about.short is not None:
        options.insert(0, _short(field.about.short))
    if is_sent and (field.is_optional or not field.is_required):
        options.append(_NULL)
    schema: dict[str, Any] = dict(options[0]) if len(options) == 1 else {"anyOf": options}
    if field.about.text:
        schema["description"] = field.about.text
    return schema


def _short(short: Short) -> dict[str, Any]:
    return _type(short.choices or short.kind, True)


def _type(of: Any, is_sent: bool) -> dict[str, Any]:
    if of in _PLAIN:
        return dict(_PLAIN[of])
    if len(alternatives(of)) > 1:
        return {"anyOf": [_type(it, is_sent) for it in alternatives(of)]}
    origin = get_origin(of)
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _type(get_args(of)[1], is_sent)}
    if origin is not None and issubclass(origin, Sequence):
        return {"type": "array", "items": _type(get_args(of)[0], is_sent)}
    if is_dataclass(of):
        return {"$ref": REF + schema_name(of, is_sent=is_sent)}  # type: ignore[arg-type]
    if issubclass(of, Enum):
        return {"type": "string", "enum": [it.value for it in of]}
    raise TypeError(f"{of} has no form in JSON")


def _inner(of: Any) -> Iterator[Any]:
    """The dataclasses that a type is made of."""
    if is_dataclass(of):
        yield of
    for it in get_args(of):
        yield from _inner(it)
