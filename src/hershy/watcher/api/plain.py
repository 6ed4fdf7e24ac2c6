"""Any value as something JSON can carry: what it cannot is shown as its ``repr``."""

import math
import reprlib
from collections.abc import Mapping
from typing import Final

from ..wording import as_key, cut

DEEPEST: Final = 20
MOST_VALUES: Final = 100_000
"""In one answer: what is nested in itself, or shares its parts, can be endless when it is written out."""
LONGEST_REPR: Final = 10_000
LONGEST_INT: Final = 10**4_000
"""Python refuses to print much longer ones."""

_outline = reprlib.Repr()
_outline.maxlevel = 2


def plain(value: object) -> object:
    """Never raises, whatever the value is, also when another thread changes it meanwhile."""
    return _Writing().plain(value, ())


class _Writing:
    def __init__(self) -> None:
        self._left = MOST_VALUES

    def plain(self, value: object, around: tuple[int, ...]) -> object:
        """``around``: the containers that ``value`` is in, by their identity."""
        try:
            return self._plain(value, around)
        except BaseException:  # even SystemExit: a value's own methods have raised it
            return _shown(value)

    def _plain(self, value: object, around: tuple[int, ...]) -> object:
        self._left -= 1
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, int):
            return value if -LONGEST_INT < value < LONGEST_INT else _shown(value)
        if isinstance(value, float):
            return value if math.isfinite(value) else _shown(value)
        if not isinstance(value, Mapping | list | tuple):
            return _shown(value)
        if id(value) in around or len(around) >= DEEPEST or len(value) > self._left:
            return cut(_outline.repr(value), LONGEST_REPR)
        around = (*around, id(value))
        if isinstance(value, Mapping):
            return {as_key(key): self.plain(item, around) for key, item in list(value.items())}
        return [self.plain(item, around) for item in list(value)]


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except BaseException as error:
        text = f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return cut(text, LONGEST_REPR)
