"""Any value as something JSON can carry: what it cannot is shown as its ``repr``."""

import math
from collections.abc import Mapping
from typing import Final

DEEPEST: Final = 20
LONGEST_REPR: Final = 10_000
LONGEST_INT: Final = 10**4_000
"""Python refuses to print much longer ones."""


def plain(value: object, depth: int = 0) -> object:
    """Never raises, whatever the value is, also when another thread changes it meanwhile."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if -LONGEST_INT < value < LONGEST_INT else _shown(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else _shown(value)
    if depth >= DEEPEST:
        return _shown(value)
    try:
        if isinstance(value, Mapping):
            return {_key(key): plain(item, depth + 1) for key, item in list(value.items())}
        if isinstance(value, list | tuple):
            return [plain(item, depth + 1) for item in list(value)]
    except Exception:
        return _shown(value)
    return _shown(value)


def _key(key: object) -> str:
    return key if isinstance(key, str) else _shown(key)


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return text if len(text) <= LONGEST_REPR else f"{text[:LONGEST_REPR]}..."
