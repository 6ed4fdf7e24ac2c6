"""``since``: a moment, or how long ago."""

from datetime import UTC, datetime

from hershy.core.durations import parse_duration
from hershy.errors import InvalidValue


def parse_since(text: str, now: datetime) -> datetime:
    """Read an RFC 3339 time, or a duration back from ``now``. Raises InvalidValue."""
    try:
        if text[4:5] == "-":
            moment = datetime.fromisoformat(text.replace(" ", "+"))  # what a '+' becomes that nobody has encoded
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        return now - parse_duration(text)
    except (ValueError, OverflowError):
        problem = "an RFC 3339 time (2026-11-20T10:00:00Z) or a duration back from now (90s, 10m, 2h, 1d)"
        raise InvalidValue(f"since: must be {problem}, not {text!r:.80}") from None
