"""What the fields of a dataclass are called in JSON, and what is known of each: made once a class.

A field has its own name there, and a ``timedelta`` is a number of seconds under that name with ``_s``. What else there
is to say of a field stands in its annotation, as ``About``.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from datetime import timedelta
from enum import Enum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints


class Body:
    """Base of what callers send. A null in it means the same as a field left out, and an unknown field is refused."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Short:
    """A shorter way to write an object: a JSON value of ``kind``, which ``expand`` makes the object of, or None."""

    kind: type
    expand: Callable[[Any], Any]
    choices: type[Enum] | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What else there is to say of a field, in its annotation.

    ``of``: the type in JSON, where the annotation is looser.
    """

    text: str = ""
    of: Any = None
    short: Short | None = None


_NOTHING = About()


@dataclass(frozen=True, slots=True)
class WireField:
    """``type`` is what it is in JSON, but None, and ``loose_type`` what a client takes it for.

    An enumeration or text is a word of the enumeration; the text stands for the words of a newer Host.
    """

    name: str
    key: str
    type: Any
    loose_type: Any
    is_optional: bool
    is_required: bool
    about: About


def _plan(of: type) -> Mapping[str, WireField]:
    hints = get_type_hints(of, include_extras=True)
    planned = (_field(it, hints[it.name]) for it in fields(of))
    return {it.key: it for it in planned}


plan: Callable[[Any], Mapping[str, WireField]] = cache(_plan)
"""The fields of a dataclass by their names in JSON, in order."""


def _field(of: Field[Any], annotation: Any) -> WireField:
    about = _NOTHING
    if get_origin(annotation) is Annotated:
        annotation, about = get_args(annotation)
    loose_type = _without_none(annotation)
    exact_type = loose_type if about.of is None else about.of
    return WireField(
        of.name,
        f"{of.name}_s" if exact_type is timedelta else of.name,
        exact_type,
        loose_type,
        type(None) in alternatives(annotation),
        of.default is MISSING and of.default_factory is MISSING,
        about,
    )


def _without_none(annotation: Any) -> Any:
    types = tuple(it for it in alternatives(annotation) if it is not type(None))
    if any(isinstance(it, type) and issubclass(it, Enum) for it in types):
        types = tuple(it for it in types if it is not str)
    return types[0] if len(types) == 1 else Union.__getitem__(types)


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """The members of a union; of anything else, itself."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
