"""The command that shows what programs use of the machine: stats."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from . import output
from .options import JsonOption, LabelOption, UrlOption, UserOption, pairs
from .session import Session

if TYPE_CHECKING:
    from hershy.client import AsyncClient, ProgramInfo, StatsInfo

AT_ONCE = 16
_MIB = 1024 * 1024


def stats(
    context: typer.Context,
    program_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The program's id; all that run by default.")
    ] = None,
    user: UserOption = None,
    label: LabelOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Show what a program, or each running program, uses: processor, memory, processes, network, /state.

    Example: `hershy stats --user alice`
    """
    session, labels = Session.of(context, url), pairs("--label", label or ())
    if program_id is not None:
        if user is not None or labels:
            raise typer.BadParameter("give either an ID, or which programs by --user or --label", param_hint="ID")
        with session.client() as client:
            found: Sequence[StatsInfo] = [client.stats(program_id)]
    else:
        with session.client() as client:
            running = [it for it in client.list(user_id=user, labels=labels) if it.container_id is not None]
        found = asyncio.run(_stats_of(session, running))
    if not as_json:
        _print_table(found)
    elif program_id is not None:
        output.document(found[0])
    else:
        output.document({"programs": found, "count": len(found)})


async def _stats_of(session: Session, programs: Sequence["ProgramInfo"]) -> Sequence["StatsInfo"]:
    """In the given order; a program that is deleted meanwhile is left out."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(client: "AsyncClient", program_id: str) -> "StatsInfo | None":
        from hershy.errors import NotFound

        async with slots:
            try:
                return await client.stats(program_id)
            except NotFound:
                return None

    async with session.async_client() as client:
        found = await asyncio.gather(*(one(client, it.program_id) for it in programs))
    return [it for it in found if it is not None]


def _print_table(found: Sequence["StatsInfo"]) -> None:
    if not found:
        output.note("no running programs")
        return
    head = ("PROGRAM", "STATE", "CPU", "MEMORY", "PIDS", "NET IN", "NET OUT", "/STATE")
    output.table(head, [_row(it) for it in found])


def _row(it: "StatsInfo") -> Sequence[str]:
    memory = f"{_size(it.memory_bytes)} of {_size(it.memory_limit_bytes)}" if it.memory_bytes is not None else "-"
    return (
        it.program_id,
        it.state,
        "-" if it.cpu_cores is None else f"{it.cpu_cores:.0%}",
        memory,
        "-" if it.pids is None else str(it.pids),
        _size(it.network_rx_bytes),
        _size(it.network_tx_bytes),
        _size(it.state_bytes),
    )


def _size(count: int | None) -> str:
    if count is None:
        return "-"
    for unit, size in (("GiB", 1024 * _MIB), ("MiB", _MIB), ("KiB", 1024)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
