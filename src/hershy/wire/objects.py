"""The bytes of a body become a JSON object, if it can be only one."""

import json
from collections import Counter
from typing import Any, NoReturn

from hershy.errors import InvalidValue


def parse_object(body: bytes) -> dict[str, Any]:
    """Raises InvalidValue for what is no JSON object, and for a name given twice in one object."""
    try:
        value = json.loads(body, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except InvalidValue:
        raise
    except RecursionError as error:
        raise InvalidValue("the body is nested too deeply") from error
    except ValueError as error:
        raise InvalidValue(f"the body is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidValue("the body must be a JSON object")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise InvalidValue(f"{twice:.200}: given twice in one object")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
