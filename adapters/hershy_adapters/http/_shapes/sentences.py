"""What the framework complains of in a parameter, as one sentence that names it."""

from collections.abc import Mapping
from typing import Any


def sentence(problem: Mapping[str, Any]) -> str:
    """``tail: input should be a valid integer``; the first part of a place says where it was, in HTTP."""
    message = str(problem["msg"]).removeprefix("Value error, ")
    place = [str(part) for part in problem["loc"] if part not in ("body", "query", "path")]
    if not place:
        return message
    return f"{'.'.join(place):.200}: {message[:1].lower()}{message[1:]}"
