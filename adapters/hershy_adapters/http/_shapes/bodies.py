"""How a body in JSON becomes a value: what every call that has one shares."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from hershy.core.nearest import hint
from hershy.errors import InvalidValue

from .sentences import UNKNOWN_FIELD, sentence

YEAR_S = 365 * 24 * 3600

Seconds = Annotated[float, Field(ge=0, le=YEAR_S)]
Model = TypeVar("Model", bound=BaseModel)


class Body(BaseModel):
    """Values must have their JSON type. A field that is not known is refused: it may be a limit, misspelt."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, value: object) -> object:
        if isinstance(value, dict):
            for name, near in unknown_fields(cls, value):
                raise PydanticCustomError(UNKNOWN_FIELD, "unknown field{hint}", {"field": name, "hint": near})
        return value


def unknown_fields(model: type[BaseModel], fields: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each name that ``model`` has no field for, and a hint at the one that was meant."""
    known = {field.alias or name for name, field in model.model_fields.items()}
    return ((_showable(name), hint(name, known)) for name in fields if name not in known)


def _showable(name: str) -> str:
    """Without half surrogate pairs, which the validator cannot carry in a message."""
    return name.encode("utf-8", "replace").decode()


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


def validated(model: type[Model], fields: dict[str, Any]) -> Model:
    """Raises InvalidValue, its message one sentence naming the field."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise InvalidValue(sentence(error.errors(include_url=False, include_input=False)[0])) from error


def given(body: BaseModel | None) -> dict[str, Any]:
    """The fields that the caller has given."""
    return body.model_dump(exclude_none=True) if body is not None else {}


def durations(body: BaseModel | None) -> dict[str, Any]:
    """The same, seconds as the durations that the domain takes."""
    return {
        name.removesuffix("_s"): timedelta(seconds=value) if name.endswith("_s") else value
        for name, value in given(body).items()
    }


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise InvalidValue(f"{twice:.200}: given twice in one object")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
