"""How a body in JSON becomes a value: what every call that has one shares."""

import json
from datetime import timedelta
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hershy.domain.errors import InvalidValue

from ._sentences import sentence

YEAR_S = 365 * 24 * 3600

Seconds = Annotated[float, Field(ge=0, le=YEAR_S)]
Model = TypeVar("Model", bound=BaseModel)


class Body(BaseModel):
    """Values must have their JSON type; fields this version does not know are left aside."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, frozen=True)


def parse_object(body: bytes) -> dict[str, Any]:
    """Raises InvalidValue for what is no JSON object."""
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
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


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
