"""A dataclass becomes JSON values: what ``json.dumps`` takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any

from .plan import plan

Writer = Callable[[Any], Any]


def written(value: Any) -> Any:
    """Fields that are None are left out: what is not known yet, or not any more, has no key. Nothing is null.

    Raises TypeError for what has no form in JSON.
    """
    return _writer(type(value))(value)


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _made_writer(of: Any) -> Writer:
    if of in (str, int, float, bool, type(None)):
        return _as_it_is
    if of is datetime:
        return timestamp
    if of is timedelta:
        return timedelta.total_seconds
    if issubclass(of, Enum):
        return attrgetter("value")
    if is_dataclass(of):
        return _dataclass(of)
    if issubclass(of, Mapping):
        return lambda value: {key: _writer(type(it))(it) for key, it in value.items()}
    if issubclass(of, Sequence) and not issubclass(of, bytes | bytearray | str):
        return lambda value: [_writer(type(it))(it) for it in value]
    if issubclass(of, str):
        return str
    raise TypeError(f"{of.__name__} has no form in JSON")


_writer: Callable[[Any], Writer] = cache(_made_writer)


def _as_it_is(value: Any) -> Any:
    return value


def _dataclass(of: Any) -> Writer:
    known = [(it.name, it.key) for it in plan(of).values()]

    def write(value: Any) -> dict[str, Any]:
        document = {}
        for name, key in known:
            entry = getattr(value, name)
            if entry is not None:
                document[key] = _writer(type(entry))(entry)
        return document

    return write
