"""Where the logs of ``serve`` go, and how they look: a line each, with the program's id where there is one."""

import io
import logging
import sys
from enum import StrEnum
from typing import Any, TextIO

from hershy.core.terminal import harmless, on_one_line


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


def log_to_stderr(log_format: LogFormat) -> None:
    # This process is the command's own, so where logs go is decided here and not by the library.
    import structlog

    from hershy.core.log import FIELDS

    def fields(logger: Any, method: str, event: Any) -> Any:
        return {**event, **getattr(event["_record"], FIELDS, {})}

    plain = structlog.dev.plain_traceback

    def traceback(stream: TextIO, error: Any) -> None:
        told = io.StringIO()
        plain(told, error)
        stream.write(harmless(told.getvalue()).replace("\n", "\n  | "))

    renderers: dict[LogFormat, list[Any]] = {
        LogFormat.TEXT: [
            _on_one_line,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=traceback),
        ],
        LogFormat.JSON: [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
    }
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            fields,
            structlog.processors.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers[log_format]],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # which tells at every start that there is nothing to do


def _on_one_line(logger: Any, method: str, event: Any) -> Any:
    """Errors quote what strangers wrote: no value of theirs begins a line, or acts on the operator's terminal."""
    return {name: on_one_line(value) if isinstance(value, str) else value for name, value in event.items()}
