"""Structured logging that leaves where it goes to the application: every record ends in the standard library's."""

import logging
from collections.abc import Mapping
from typing import Any

import structlog

FIELDS = "hershy_fields"
"""The attribute of a standard log record that holds the event's fields as a mapping."""

_context = structlog.processors.LogfmtRenderer()


def get_logger(name: str) -> Any:
    """A logger whose calls take an event and its fields: ``log.info("state changed", program_id="…")``.

    Records carry the text ``state changed program_id=…``, and the fields for formatters that want them apart.
    """
    return structlog.wrap_logger(
        logging.getLogger(name),
        processors=[structlog.stdlib.filter_by_level, _to_record],
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _to_record(logger: Any, method: str, event: Any) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """The arguments for the standard logger's method."""
    exc_info = event.pop("exc_info", None)
    text = event.pop("event")
    fields = {name: str(value) for name, value in event.items()}
    message = ("%s %s", text, _context(logger, method, dict(fields))) if fields else ("%s", text)
    return message, {"exc_info": exc_info, "extra": {FIELDS: {"event": text, **fields}}}
