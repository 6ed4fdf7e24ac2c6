"""The command that proves the security contracts from inside: verify."""

import asyncio
import signal
import tempfile
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hershy.core.terminal import on_one_line

from . import output
from .options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from hershy.verification.rows import Row

DEFAULT_BASE = "python:3.12-slim"
_COLOURS = {"contained": "green", "breached": "bold red", "inconclusive": "yellow"}


def verify(
    runtime: Annotated[
        str | None, typer.Option(metavar="runc|runsc", help="Prove what holds under this runtime; runsc by default.")
    ] = None,
    base: Annotated[
        str, typer.Option(metavar="IMAGE", help="An image with python3, which the hostile program is built on.")
    ] = DEFAULT_BASE,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deploy a hostile program on a Host of its own, and show what comes of everything it tries.

    Exit code 1 when one try succeeds, or cannot really be made. Takes about a minute, needs what a Host needs
    (see **hershy doctor**), and removes its programs, their image and its storage again.

    Example: `hershy verify --runtime runsc`
    """
    if runtime == "memory":
        raise typer.BadParameter("memory runs nothing that could be contained", param_hint="--runtime")
    rows, used = asyncio.run(_interruptible(base, runtime, config))
    ok = bool(rows) and all(row.verdict == "contained" for row in rows)
    if as_json:
        output.document({"ok": ok, "runtime": used, "rows": [asdict(row) for row in rows]})
    else:
        _print_table(rows, used)
    raise typer.Exit(0 if ok else 1)


async def _interruptible(base: str, runtime: str | None, config: Path | None) -> tuple[list["Row"], str]:
    """SIGTERM ends it as Ctrl-C does: everything that was made is removed first."""
    verifying = asyncio.create_task(_verified(base, runtime, config))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, verifying.cancel)
    try:
        return await verifying
    except asyncio.CancelledError:
        output.error("broken off; what it had made is removed")
        raise typer.Exit(1) from None


async def _verified(base: str, runtime: str | None, config: Path | None) -> tuple[list["Row"], str]:
    from httpx import URL

    from hershy.client import AsyncClient
    from hershy.verification.programs import PATIENCE
    from hershy.verification.suite import tried
    from hershy.wiring import Settings, open_server

    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="hershy-verify-") as storage:
        given = {} if runtime is None else {"runtime": runtime}
        own: dict[str, Any] = {"http_host": "127.0.0.1", "http_port": 0, "auth": "none", "database_url": ""}
        settings = Settings.load(config=config, **{"storage_root": storage, **own, **given})
        async with open_server(settings) as server, AsyncClient(server.url, timeout=PATIENCE) as client:
            output.note(f"hershy: a Host at {server.url} under {settings.runtime} builds and deploys the probe")
            async with aclosing(tried(client, URL(server.url).port or 0, base, settings.runtime)) as trying:
                async for row in trying:
                    rows.append(row)
                    output.note(f"{row.verdict:<12} {row.tried}")
    return rows, settings.runtime


def _print_table(rows: list["Row"], runtime: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"What a hostile program can do under {runtime}", title_justify="left")
    for heading in ("contract", "try", "what happened", "verdict"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        verdict = Text(row.verdict, style=_COLOURS[row.verdict])
        table.add_row(*(Text(on_one_line(it)) for it in (row.contract, row.tried, row.happened)), verdict)
    Console().print(table)
    bad = [row for row in rows if row.verdict != "contained"]
    output.result(
        f"{len(rows) - len(bad)} of {len(rows)} tries were contained." if bad else f"All {len(rows)} contained."
    )
