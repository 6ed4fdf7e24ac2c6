"""The command that starts a Host: serve."""

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from . import output

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Listen here; 127.0.0.1 by default.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Listen on this port; 9000 by default, 0 for any free one.")
    ] = None,
    storage: Annotated[
        Path | None, typer.Option(metavar="DIR", file_okay=False, help="Where programs are kept.")
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(
            metavar="memory|runc|runsc",
            help="What runs programs: gVisor (runsc, the default), plain containers (runc), or nothing real (memory).",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line once it listens; log in JSON.")] = False,
) -> None:
    """Run a Host until SIGTERM or Ctrl-C.

    What is not given comes from the environment (HERSHY_RUNTIME, HERSHY_STORAGE_ROOT, …) or hershy.toml. There is no
    authentication: it listens on loopback only.

    Example: `hershy serve --runtime memory --port 0`
    """
    given = {"http_host": host, "http_port": port, "storage_root": storage, "runtime": runtime}
    _log_to_stderr(as_json)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_until_signal({name: value for name, value in given.items() if value is not None}, as_json))


async def _until_signal(settings: dict[str, Any], as_json: bool) -> None:
    serving = asyncio.create_task(_serve(settings, as_json))
    loop = asyncio.get_running_loop()

    def forget_signals() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    def stop() -> None:
        forget_signals()  # a second signal ends the process at once
        serving.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        await serving
    except asyncio.CancelledError:
        if not serving.cancelled():
            raise
    finally:
        forget_signals()


async def _serve(settings: dict[str, Any], as_json: bool) -> None:
    from hershy.wiring import open_server

    async with open_server(**settings) as server:
        if as_json:
            output.document({"url": server.url})
        else:
            output.result(f"hershy Host listening on {server.url} (Ctrl-C stops it)")
        try:
            await asyncio.Event().wait()
        finally:
            output.note("hershy: stopping")


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:  # it does not come with every platform
        return None
    return uvloop.new_event_loop


def _log_to_stderr(as_json: bool) -> None:
    # This process is the command's own, so where logs go is decided here and not by the library.
    import structlog

    from hershy.application.log import FIELDS

    def fields(logger: Any, method: str, event: Any) -> Any:
        return {**event, **getattr(event["_record"], FIELDS, {})}

    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    json = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            fields,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *(json if as_json else [console])],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
