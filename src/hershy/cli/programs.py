"""Commands on registered programs: ls, status, start, stop, restart, rm."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from hershy.domain.state import ProgramState

from . import output
from .options import JsonOption, ProgramArgument, UrlOption, pairs
from .session import Session

if TYPE_CHECKING:
    from hershy.client import ProgramInfo, Transition

_UNLIMITED_WIDTH = 10_000


def ls(
    context: typer.Context,
    user: Annotated[str | None, typer.Option(metavar="ID", help="Only this user's programs.")] = None,
    state: Annotated[
        ProgramState | None, typer.Option(help="Only programs in this state.", case_sensitive=False)
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Only with this label; repeatable.")
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List programs, oldest first."""
    labels = pairs("--label", label or ())
    with Session.of(context, url).client() as client:
        found = client.list(user_id=user, state=state, labels=labels)
    if as_json:
        output.document({"programs": [dataclasses.asdict(program) for program in found], "count": len(found)})
    elif found:
        _print_table(found)
    else:
        output.note("no programs")


def _print_table(found: "tuple[ProgramInfo, ...]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("PROGRAM", "STATE", "URL", "CREATED", box=None, pad_edge=False, header_style="bold")
    now = datetime.now(UTC)
    for program in found:
        age = f"{_age(now - program.created_at)} ago"
        cells = (program.program_id, program.state, program.proxy_url or "", age)
        table.add_row(*(Text(cell, no_wrap=True) for cell in cells))
    # Ids are for copying: never cut them, not even for a narrow terminal or a pipe.
    needed = Console(width=_UNLIMITED_WIDTH).measure(table).maximum
    Console(width=max(Console().width, needed), soft_wrap=True).print(table)


def _age(elapsed: timedelta) -> str:
    seconds = max(int(elapsed.total_seconds()), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def status(
    context: typer.Context, program_id: ProgramArgument, as_json: JsonOption = False, url: UrlOption = None
) -> None:
    """Show everything known of one program."""
    with Session.of(context, url).client() as client:
        program = client.get(program_id)
    if as_json:
        output.document(program)
        return
    for name, value in dataclasses.asdict(program).items():
        if value:
            output.result(f"{name + ':':<15} {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return output.timestamp(value)
    if isinstance(value, dict):
        return " ".join(f"{key}={entry}" for key, entry in value.items() if entry is not None)
    return str(value)


def start(
    context: typer.Context, program_id: ProgramArgument, as_json: JsonOption = False, url: UrlOption = None
) -> None:
    """Build the image if need be, and run the program. Returns at once; 'status' tells how it goes."""
    with Session.of(context, url).client() as client:
        _print_transition(client.start(program_id), as_json)


def stop(
    context: typer.Context, program_id: ProgramArgument, as_json: JsonOption = False, url: UrlOption = None
) -> None:
    """Stop the program gracefully, or its build. Returns at once; its files are kept."""
    with Session.of(context, url).client() as client:
        _print_transition(client.stop(program_id), as_json)


def restart(
    context: typer.Context, program_id: ProgramArgument, as_json: JsonOption = False, url: UrlOption = None
) -> None:
    """Replace a running program's container; image and /state stay. Returns at once."""
    with Session.of(context, url).client() as client:
        _print_transition(client.restart(program_id), as_json)


def rm(context: typer.Context, program_id: ProgramArgument, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Stop the program if it runs, and delete it with its files."""
    with Session.of(context, url).client() as client:
        client.delete(program_id)
    if as_json:
        output.document({"program_id": program_id, "message": "program deleted successfully"})
    else:
        output.result(f"{program_id}: deleted")


def _print_transition(transition: "Transition", as_json: bool) -> None:
    if as_json:
        output.document(transition)
    else:
        output.result(f"{transition.program_id}: {transition.message}")
