"""Reads the plain values of JSON, and tells what is wrong with one in the words that callers get."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

Reader = Callable[[Any], Any]

YEAR_S = 365 * 24 * 3600
_LONGEST_PLACE = 200


class Wrong(Exception):
    """``place``: the keys and indexes that lead to the value, the innermost first."""

    def __init__(self, message: str, *place: str) -> None:
        self.message = message
        self.place = [*place]

    def __str__(self) -> str:
        place = ".".join(reversed(self.place))[:_LONGEST_PLACE]
        return f"{place}: {self.message}" if place else self.message


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong("input should be a valid string")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Wrong("input should be a valid integer")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Wrong("input should be a valid number")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise Wrong("input should be a finite number")
    return number


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong("input should be a valid boolean")
    return value


def _duration(value: Any) -> timedelta:
    seconds = _number(value)
    if seconds < 0:
        raise Wrong("input should be greater than or equal to 0")
    if seconds > YEAR_S:
        raise Wrong(f"input should be less than or equal to {YEAR_S}")
    return timedelta(seconds=seconds)


def _moment(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(_text(value))
    except ValueError:
        raise Wrong("input should be an RFC 3339 time") from None


PLAIN: Mapping[Any, Reader] = {
    str: _text,
    int: _whole,
    float: _number,
    bool: _flag,
    timedelta: _duration,
    datetime: _moment,
}
