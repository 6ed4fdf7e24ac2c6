"""Values and times in words, for logs and for the WatcherAPI."""

import reprlib
from datetime import UTC, datetime
from typing import Final

LONGEST: Final = 200
LONGEST_FAULT: Final = 2_000
_NS_PER_S: Final = 1_000_000_000

_brief = reprlib.Repr()
_brief.maxstring = _brief.maxother = _brief.maxlong = LONGEST


def brief(value: object) -> str:
    """A short ``repr``, whatever the value is: big ones are cut, and one whose ``repr`` raises is said to be such."""
    if value is None or isinstance(value, bool | float):
        return repr(value)
    try:
        text = _brief.repr(value)
    except BaseException as error:
        text = f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return cut(text, LONGEST)


def as_key(key: object) -> str:
    """The key of a mapping as JSON can have it: what is no text is shown in short."""
    return key if isinstance(key, str) else brief(key)


def fault(error: BaseException) -> str:
    """An exception's type and what it says, in short."""
    text = said(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def said(error: BaseException) -> str:
    """What an exception says, whatever it is; cut, for logs keep thousands of them."""
    try:
        return cut(str(error), LONGEST_FAULT)
    except BaseException:
        return "which cannot be printed"


def cut(text: str, longest: int) -> str:
    """``text``, or its first ``longest`` characters and three dots."""
    return text if len(text) <= longest else f"{text[:longest]}..."


def rfc3339(seconds: float) -> str:
    """``seconds`` since 1970, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def go_duration(seconds: float) -> str:
    """As Go prints a duration: ``5m30.5s``, ``1h0m0s``, ``1.5ms``, ``0s``."""
    ns = round(seconds * _NS_PER_S)
    sign = "-" if ns < 0 else ""
    ns = abs(ns)
    if ns == 0:
        return "0s"
    for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if ns < size * 1_000:
            return f"{sign}{_decimal(ns, size)}{unit}"
    minutes, ns = divmod(ns, 60 * _NS_PER_S)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(ns, _NS_PER_S)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else f"{sign}{text}"


def _decimal(amount: int, unit: int) -> str:
    whole, rest = divmod(amount, unit)
    digits = len(str(unit)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0") if rest else str(whole)
