"""The types of a value object's fields, checked where it is made.

Without that a number in place of a timedelta fails somewhere later in words of Python's, and ``egress="none"``, which
is no ``Egress``, would pass for no wish at all.
"""

from collections.abc import Iterator, Set
from dataclasses import Field, fields
from datetime import timedelta
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Protocol, get_args, get_origin

from hershy.errors import InvalidValue


class AnyDataclass(Protocol):
    """An instance of any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


_ACCEPTED: dict[type, tuple[type, ...]] = {float: (float, int), bytes: (bytes, bytearray, memoryview)}
_WORDS = {
    timedelta: "a timedelta",
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "True or False",
    tuple: "a tuple of texts",
    NoneType: "None",
}


def require_types(what: str, value: AnyDataclass) -> None:
    """Raises InvalidValue, naming ``what`` and the field, for a field that is not of its declared type.

    Of mappings and sequences its own class looks at what is in them.
    """
    for name, declared, exact in _plain_fields(type(value)):
        given = getattr(value, name)
        if type(given) not in exact and not any(_is(given, it) for it in declared):
            words = " or ".join(_in_words(it) for it in declared)
            raise InvalidValue(f"{what}: {name} must be {words}, not {given!r:.80}")


@cache
def _plain_fields(of: type[AnyDataclass]) -> tuple[tuple[str, tuple[type, ...], Set[type]], ...]:
    """Each field's name and types, and of these the ones whose instances need no second look: hosts read thousands."""
    return tuple((name, types, frozenset(types) - {tuple}) for name, types in _declared(of))


def _declared(of: type[AnyDataclass]) -> Iterator[tuple[str, tuple[type, ...]]]:
    for field in fields(of):
        of_field = tuple if field.type == tuple[str, ...] else field.type
        types = get_args(of_field) if isinstance(of_field, UnionType) else (of_field,)
        if all(isinstance(it, type) and get_origin(it) is None for it in types):
            yield field.name, types


def _is(given: object, declared: type) -> bool:
    if isinstance(given, bool):
        return declared is bool
    if declared is tuple:
        return isinstance(given, tuple | list) and all(isinstance(it, str) for it in given)
    return isinstance(given, _ACCEPTED.get(declared, (declared,)))


def _in_words(declared: type) -> str:
    if issubclass(declared, Enum):
        return " or ".join(str(f"{declared.__name__}.{it.name}") for it in declared)
    return _WORDS.get(declared, f"a {declared.__name__}")
