"""A validator's complaint as one sentence that names the field."""

from collections.abc import Mapping
from typing import Any

UNKNOWN_FIELD = "unknown_field"
"""The type of a complaint whose place is the object around the field that it is about."""


def sentence(problem: Mapping[str, Any]) -> str:
    """``resources.pids: input should be a valid integer``; the first part of a place says where it was, in HTTP."""
    message = str(problem["msg"]).removeprefix("Value error, ")
    place = [str(part) for part in problem["loc"] if part not in ("body", "query", "path")]
    if problem["type"] == UNKNOWN_FIELD:
        place.append(problem["ctx"]["field"])
    if not place:
        return message
    return f"{'.'.join(place):.200}: {message[:1].lower()}{message[1:]}"
