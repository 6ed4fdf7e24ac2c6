"""What is wrong with settings, in words that name the setting and the remedy."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from hershy.core.nearest import hint
from hershy.errors import ConfigurationError

from .names import Leaf, leaves_of


def unknown(name: str, known: Iterable[str]) -> ConfigurationError:
    return ConfigurationError(f"settings: {name:.200}: unknown setting{hint(name, known)}")


def not_json(leaf: Leaf) -> ConfigurationError:
    example = json.dumps({"name": "value"} if isinstance(leaf.default, Mapping | BaseModel) else ["one", "two"])
    return ConfigurationError(f"settings: {leaf.variable}: must be JSON, as in {leaf.variable}='{example}'")


def invalid(error: ValidationError, model: type[BaseModel], origin: Mapping[str, str]) -> ConfigurationError:
    """One sentence for each problem. A value is not told: it may be a secret."""
    return ConfigurationError(f"settings: {'; '.join(_problem(it, model, origin) for it in error.errors())}")


def _problem(problem: Mapping[str, Any], model: type[BaseModel], origin: Mapping[str, str]) -> str:
    leaves = {leaf.path: leaf for leaf in leaves_of(model).values()}
    place = tuple(map(str, problem["loc"]))
    length = next(n for n in (2, 1) if place[:n] in leaves)
    leaf, inside = leaves[place[:length]], place[length:]
    where = ".".join([leaf.name, *inside])
    if problem["type"] == "extra_forbidden" and isinstance(leaf.default, BaseModel):
        return f"{where}: unknown setting{hint(inside[-1], type(leaf.default).model_fields)}"
    said = origin.get(leaf.name, "")
    return f"{where}{f' ({said})' if said else ''}: {problem['msg']}"
