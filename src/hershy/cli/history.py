"""Commands for what happens to programs, and what has: events, journal."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import output
from .options import JsonOption, ProgramArgument, UrlOption
from .session import Session, ended_by_ctrl_c

if TYPE_CHECKING:
    from hershy.client import ProgramEvent

GONE = "gone"
_INDENT = " " * 10

AfterOption = Annotated[
    int | None, typer.Option(metavar="NUMBER", min=0, help="Only what came after the event of this number.")
]


def events(
    context: typer.Context,
    program_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The program's id; all programs by default.")
    ] = None,
    after: AfterOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document to a line, for machines.")] = False,
    url: UrlOption = None,
) -> None:
    """Follow what happens to a program until it is deleted, or to all programs until Ctrl-C.

    Goes on by itself when the connection breaks; nothing is missed but lines of builds.

    Example: `hershy events --after 0` shows all there has been, and what comes
    """
    with Session.of(context, url).client() as client, ended_by_ctrl_c():
        for event in client.events(program_id, after=after):
            if as_json:
                output.document(_document(event))
            else:
                _print_event(event, of_all=program_id is None)


def journal(
    context: typer.Context,
    program_id: ProgramArgument,
    after: AfterOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many: the newest, or the first after.")] = 200,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Show what has happened to a program, oldest first; for a while also to one that was deleted.

    Example: `hershy journal alice-build-5f0c… --limit 20`
    """
    from hershy.wire import Journal

    with Session.of(context, url).client() as client:
        entries = client.journal(program_id, after=after, limit=limit)
    if as_json:
        output.document(Journal(program_id, entries, len(entries)))
        return
    for it in entries:
        _print_line(it.id, it.at, "", it.state or GONE, _by(it.event, it.actor), it.detail)


def _document(event: "ProgramEvent") -> Mapping[str, Any]:
    from hershy.wire import EVENTS, written

    (kind,) = (name for name, of in EVENTS.items() if isinstance(event, of))
    return {"kind": kind, **written(event)}


def _print_event(event: "ProgramEvent", *, of_all: bool) -> None:
    from hershy.client import BuildLineEvent, DeletedEvent, LostEvent, StateEvent

    match event:
        case StateEvent():
            program_id = f"{event.program_id}  " if of_all else ""
            _print_line(event.id, event.at, program_id, event.state, _by(event.event, event.actor), event.detail)
        case DeletedEvent():
            program_id = f"{event.program_id}  " if of_all else ""
            _print_line(event.id, event.at, program_id, GONE, "deleted", "")
        case BuildLineEvent():
            output.result(f"{_INDENT}{event.program_id + '  ' if of_all else ''}| {event.line}")
        case LostEvent():
            output.result(f"{_INDENT}| ({event.count} notices were dropped)")


def _by(event: str, actor: str) -> str:
    return f"{event} by {actor}" if actor else event


def _print_line(number: int | None, at: datetime | None, program_id: str, state: str, event: str, detail: str) -> None:
    """The first line of the detail beside the event; log lines that follow it, below."""
    first, *rest = detail.split("\n")
    moment = "" if at is None else output.timestamp(at)
    words = f"{event}: {first}" if first else event
    output.result(f"{number or '':>8}  {moment:<27}  {program_id}{state:<9} {words}")
    for line in rest:
        output.result(f"{_INDENT}| {line}")
