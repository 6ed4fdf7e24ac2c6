"""What is wrong with settings, in words that name the setting and the remedy."""

import json
import re
from collections.abc import Mapping
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, SettingsError

from hershy.core.nearest import hint

from .variables import PREFIX

_FIELD = re.compile(r'field "(\w+)"')
_LISTS = {list: ["one", "two"], tuple: ["one", "two"]}


def in_words(error: ValueError, settings: type[BaseSettings]) -> str:
    """One sentence for each problem. A variable's value is not told: it may be a secret."""
    if isinstance(error, ValidationError):
        return "; ".join(_problem(it, settings) for it in error.errors())
    if isinstance(error, SettingsError) and (found := _FIELD.search(str(error))):
        name = found[1]
        kind = get_origin(settings.model_fields[name].annotation)
        example = json.dumps(_LISTS.get(kind, {"name": "value"}))  # type: ignore[arg-type] # None for no generic type
        return f"{PREFIX}{name.upper()}: must be JSON, as in {PREFIX}{name.upper()}='{example}'"
    return str(error)


def _problem(problem: Mapping[str, Any], settings: type[BaseSettings]) -> str:
    place = [str(it) for it in problem["loc"]]
    where = ".".join(place)
    if problem["type"] != "extra_forbidden":
        return f"{where}: {problem['msg']}"
    model: type[BaseModel] = settings
    for name in place[:-1]:
        inner = model.model_fields[name].annotation
        assert isinstance(inner, type)
        assert issubclass(inner, BaseModel)
        model = inner
    return f"{where}: unknown setting{hint(place[-1], model.model_fields)}"
