"""Which error of hershy's a Host's refusal is."""

from collections.abc import Iterator, Mapping
from typing import Any

from hershy import errors
from hershy.errors import FIELDS, HershyError

_BY_STATUS: Mapping[int, type[HershyError]] = {
    400: errors.InvalidValue,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    413: errors.TooLarge,
    429: errors.QuotaExceeded,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.Unavailable,
}


def refused(status: int, reason: str, message: str, told: Mapping[str, Any]) -> HershyError:
    """The error that the Host's answer names, else the one its status stands for; never another's failure.

    ``told``: the answer's other fields and those of its header. What it does not have, or is no text, is left empty.
    """
    fields = {name: told[name] for name in FIELDS if isinstance(told.get(name), str)}
    kind = _TYPES.get(str(told.get("type"))) or _BY_STATUS.get(status, errors.HostFailure)
    return kind.restored(message or f"{status} {reason}", status=status, reason=reason, **fields)


def _below(kind: type[HershyError]) -> Iterator[type[HershyError]]:
    yield kind
    for it in kind.__subclasses__():
        yield from _below(it)


_TYPES = {it.__name__: it for it in _below(HershyError) if it.__module__ == errors.__name__}
