"""Durations as people write them: ``90s``, ``10m``, ``1h30m``, ``2d``."""

import re
from datetime import timedelta

from hershy.errors import InvalidValue

_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_PART = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)([smhd])", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """Read numbers with units, added up. Raises InvalidValue, also for more than a timedelta holds."""
    if _WHOLE.fullmatch(text) is None:
        raise InvalidValue(f"a duration is written like 90s, 10m, 1h30m or 2d, not {text!r:.80}")
    try:
        return sum((float(number) * _UNITS[unit] for number, unit in _PART.findall(text)), timedelta())
    except OverflowError:
        raise InvalidValue(f"the duration {text!r:.80} is too long") from None
