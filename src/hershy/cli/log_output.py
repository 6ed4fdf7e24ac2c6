"""Where the logs of ``serve`` go, and how they look: a line each, with the program's id where there is one."""

import logging
import sys
from enum import StrEnum
from typing import Any


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
    renderers: dict[LogFormat, list[Any]] = {
        LogFormat.TEXT: [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)],
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
