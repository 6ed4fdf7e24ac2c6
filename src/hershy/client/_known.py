"""Names in the mappings that callers hand in, looked at before anything is sent."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta

from hershy.core.field_types import AnyDataclass
from hershy.core.nearest import hint
from hershy.errors import InvalidValue


def require_known(what: str, given: object, of: type[AnyDataclass]) -> None:
    """Raises InvalidValue naming the nearest right one, where ``given`` is a mapping with a name that ``of`` lacks."""
    if not isinstance(given, Mapping):
        return
    known = wire_names(of)
    for name in given:
        if name not in known:
            raise InvalidValue(f"{what}.{name!s:.200}: unknown field{hint(str(name), known)}")


def wire_names(of: type[AnyDataclass]) -> frozenset[str]:
    """The fields of a value object as the Host API calls them: durations in seconds."""
    return frozenset(f"{it.name}_s" if it.type is timedelta else it.name for it in fields(of))
