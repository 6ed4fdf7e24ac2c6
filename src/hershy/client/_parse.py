"""Reads what the Host answers. What a newer Host says beyond what this client knows does no harm."""

import json
from collections.abc import Mapping
from typing import Any

from hershy.errors import HershyError, UnexpectedAnswer
from hershy.wire import ERROR_HEADER, EVENTS, ProgramEvent, read_answer, read_error_header

from ._refusals import refused


def document(status: int, headers: Mapping[str, str], content: bytes, request: str) -> Any:
    """The JSON of a successful answer. Raises HershyError for a refusal, UnexpectedAnswer for anything else."""
    if status >= 400:
        raise refusal(status, headers, content)
    try:
        if not 200 <= status < 300:
            raise ValueError(f"status {status}")
        return json.loads(content)
    except ValueError as error:
        raise UnexpectedAnswer(f"what answers {request} is not a hershy Host: {error}") from error


def refusal(status: int, headers: Mapping[str, str], content: bytes) -> HershyError:
    """The error of a refusal, also of one that does not have the contract's shape."""
    text = content[:500].decode(errors="replace")
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return refused(status, f"HTTP {status}", text, {})
    error = str(body.get("error") or f"HTTP {status}")
    told = {**body, **read_error_header(headers.get(ERROR_HEADER))}
    return refused(status, error, str(body.get("message") or error), told)


def nothing(data: Any) -> None:
    return None


def event(name: str, text: str) -> ProgramEvent | None:
    """One event of the stream; None for a kind that this client does not know."""
    kind = EVENTS.get(name)
    if kind is None:
        return None
    try:
        return read_answer(kind, json.loads(text or "{}"))
    except ValueError as error:
        raise UnexpectedAnswer(f"the event {name} {text!r:.200} is not what the Host API promises: {error}") from error
