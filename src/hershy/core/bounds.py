"""Rules for frozen dataclasses of numeric limits: the least each can be, and the most an operator gives."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TypeVar

from hershy.errors import InvalidValue

from .field_types import AnyDataclass

Limits = TypeVar("Limits", bound=AnyDataclass)

FRACTIONAL = frozenset({"cpus"})
"""Limits that may be broken numbers; all others count whole things."""


def require_at_least(what: str, limits: object, lowest: Mapping[str, float]) -> None:
    """Raises InvalidValue, naming the field, for a limit that is no number or below what ``lowest`` says of it."""
    for name, least in lowest.items():
        value = getattr(limits, name)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not (is_whole or (name in FRACTIONAL and isinstance(value, float))) or not value >= least:
            raise InvalidValue(f"{what}: {name} must be a number of at least {least}, not {value!r:.80}")


def lowered(what: str, limits: Limits, maximum: Limits) -> Limits:
    """The limits, where a default above the operator's ``maximum`` is lowered to it.

    Raises InvalidValue, naming the field, where a limit of the caller's own is above.
    """
    changed = {}
    for limit in fields(limits):
        value, most = getattr(limits, limit.name), getattr(maximum, limit.name)
        if value > most:
            if value != limit.default:
                raise InvalidValue(f"{what}: {limit.name} may be at most {most} on this Host, not {value!s:.80}")
            changed[limit.name] = most
    return replace(limits, **changed)
