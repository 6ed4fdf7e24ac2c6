"""The engine's notations of time, which go to the nanosecond, where ``datetime`` ends at the microsecond."""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000_000
_FRACTION = re.compile(r"\.(\d+)")


def nanoseconds(moment: datetime) -> int:
    """Since the epoch, without rounding."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def moment_of(at: int) -> datetime:
    """Nanoseconds since the epoch, cut to the microsecond. Raises OverflowError beyond what a calendar has."""
    return _EPOCH + timedelta(microseconds=at // 1000)


def from_stamp(stamp: str) -> int:
    """Nanoseconds since the epoch of ``2026-11-20T16:23:25.788727749Z``. Raises ValueError for what is no time."""
    whole = datetime.fromisoformat(stamp).astimezone(UTC).replace(microsecond=0)
    fraction = _FRACTION.search(stamp)
    return nanoseconds(whole) + (int(fraction[1][:9].ljust(9, "0")) if fraction else 0)


def for_engine(at: int) -> str:
    """Nanoseconds since the epoch as the engine's ``since`` wants them."""
    return f"{at // _SECOND}.{at % _SECOND:09d}"
