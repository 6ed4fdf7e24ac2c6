"""Commands that show registered programs: ls, status."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hershy.core.exits import ExitKind, ExitReason

from . import output
from .options import JsonOption, LabelOption, ProgramArgument, StateOption, UrlOption, UserOption, pairs, require_effect
from .session import Session

if TYPE_CHECKING:
    from hershy.client import Client, ProgramInfo

LAST_LINES = 10
_NAMES_WIDTH = 16


def ls(
    context: typer.Context,
    user: UserOption = None,
    state: StateOption = None,
    label: LabelOption = None,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only with this in description, id, user or label; in any case.")
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List programs, oldest first.

    Example: `hershy ls --user alice --label team=blue --state ready --search trading`
    """
    from hershy.wire import ProgramList

    labels = pairs("--label", label or ())
    with Session.of(context, url).client() as client:
        found = client.list(user_id=user, state=state, labels=labels, text=search)
    if as_json:
        output.document(ProgramList(found, len(found)))
    elif found:
        _print_table(found)
    else:
        output.note("no programs")


def _print_table(found: Sequence["ProgramInfo"]) -> None:
    now = datetime.now(UTC)
    rows = [(it.program_id, it.state, it.proxy_url or "", f"{_age(now - it.created_at)} ago") for it in found]
    output.table(("PROGRAM", "STATE", "URL", "CREATED"), rows)


def _age(elapsed: timedelta) -> str:
    seconds = max(int(elapsed.total_seconds()), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def status(
    context: typer.Context,
    program_id: ProgramArgument,
    tail: Annotated[
        int | None, typer.Option(min=0, help="How many of its last lines of output; 10 by default.")
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Show everything known of one program: its state and why it ended, restarts, health, its last lines of output.

    Example: `hershy status alice-build-5f0c… --tail 50`
    """
    require_effect("--tail", tail is None or not as_json, "with --json, which shows no output; see 'hershy logs'")
    lines = LAST_LINES if tail is None else tail
    with Session.of(context, url).client() as client:
        program = client.get(program_id)
        if as_json:
            output.document(program)
            return
        _print_facts(program)
        if lines:
            _print_last_lines(client, program_id, lines)


def _print_facts(program: "ProgramInfo") -> None:
    for field in dataclasses.fields(program):
        value = getattr(program, field.name)
        if value is not None and (isinstance(value, bool) or value):
            first, *rest = _shown(value).split("\n")
            output.result(f"{field.name + ':':<{_NAMES_WIDTH}} {first}")
            for line in rest:
                output.result(f"{'':<{_NAMES_WIDTH}} | {line}")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return _moment(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _exit_in_words(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return " ".join(f"{key}={entry}" for key, entry in value.items() if entry is not None)
    return str(value)


def _moment(value: datetime) -> str:
    """What is yet to come is easier to grasp by how long it takes."""
    left = value - datetime.now(UTC)
    return output.timestamp(value) + (f" (in {_age(left)})" if left > timedelta() else "")


def _exit_in_words(given: Mapping[str, Any]) -> str:
    try:
        return str(ExitReason(ExitKind(given["kind"]), given["code"]))
    except ValueError:  # a kind that a newer Host has
        return " ".join(f"{key}={value}" for key, value in given.items() if value is not None)


def _print_last_lines(client: "Client", program_id: str, tail: int) -> None:
    from hershy.errors import Unavailable

    try:
        text = client.logs(program_id, tail=tail).logs
    except Unavailable as error:
        output.note(f"its output cannot be read now: {error}")
        return
    if text:
        output.result("last lines of output:")
        for line in text.removesuffix("\n").split("\n"):
            output.result(f"  {line}")
