"""The command that starts a Host: serve."""

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hershy.access.principals import Authentication
from hershy.programs.domain.security import SecurityContract

from . import output
from .log_output import LogFormat, log_to_stderr
from .options import ConfigOption, given
from .variables import unknown_variables

if TYPE_CHECKING:
    from hershy.wiring import Settings

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Listen here; 127.0.0.1 by default.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Listen on this port; 9000 by default, 0 for any free one.")
    ] = None,
    storage: Annotated[
        Path | None, typer.Option(metavar="DIR", file_okay=False, help="Where programs are kept.")
    ] = None,
    config: ConfigOption = None,
    runtime: Annotated[
        str | None,
        typer.Option(
            metavar="memory|runc|runsc",
            help="What runs programs: gVisor (runsc, the default), plain containers (runc), or nothing real (memory).",
        ),
    ] = None,
    auth: Annotated[
        Authentication | None,
        typer.Option(help="Ask callers for an API token ('hershy token create'), or nobody for anything."),
    ] = None,
    log_format: Annotated[
        LogFormat | None, typer.Option(help="How to log to stderr; json with --json, else text.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line once it listens; log in JSON.")] = False,
) -> None:
    """Run a Host until SIGTERM or Ctrl-C.

    What is not given comes from the environment (HERSHY_RUNTIME, HERSHY_STORAGE_ROOT, …), and from the file of --config
    or HERSHY_CONFIG, or else hershy.toml in the storage root; nothing comes from the working directory. A variable
    HERSHY_… that means nothing is an error. It listens on loopback only, unless it asks callers for tokens.

    `/healthz`, `/readyz` and `/metrics` are for whoever watches over it.

    Examples:

    `hershy serve --runtime memory --port 0`

    `hershy serve --storage /srv/hershy --log-format json`
    """
    settings = given(http_host=host, http_port=port, storage_root=storage, runtime=runtime, auth=auth, config=config)
    for sentence in unknown_variables():
        raise typer.BadParameter(sentence, param_hint="the environment")
    log_to_stderr(log_format or (LogFormat.JSON if as_json else LogFormat.TEXT))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_until_signal(settings, as_json))


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
    from hershy.wiring import Settings, open_server

    chosen = Settings.load(**settings)
    if "storage_root" in settings and chosen.keeps_nothing:
        output.note("hershy: --storage has no effect: this Host keeps everything in memory")
    async with open_server(**settings) as server:
        kept = {} if chosen.keeps_nothing else {"storage_root": str(chosen.storage_root)}
        if as_json:
            output.document({"url": server.url, "runtime": chosen.runtime, **kept})
        else:
            output.result(f"hershy Host listening on {server.url} (Ctrl-C stops it)")
            output.result(_described(chosen))
        try:
            await asyncio.Event().wait()
        finally:
            output.note("hershy: stopping")


def _described(settings: "Settings") -> str:
    """What this Host is, on one line: what runs programs, where they are kept, within what, and who may call."""
    contract = SecurityContract.for_host(os.getuid(), os.getgid())
    kept = "in memory" if settings.keeps_nothing else f"in {settings.storage_root}"
    callers = "with a token" if settings.http.auth is Authentication.TOKENS else "without a token"
    return (
        f"runtime {settings.runtime}; programs are kept {kept}; each runs as user {contract.uid} on a read-only root "
        f"without capabilities or new privileges, published on {contract.publish_address} only; callers come {callers}"
    )


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:  # it does not come with every platform
        return None
    return uvloop.new_event_loop
