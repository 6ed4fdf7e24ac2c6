"""Commands that change programs, one or many: start, stop, restart, rm."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hershy.programs.domain.state import ProgramState

from . import output
from .options import JsonOption, LabelOption, StateOption, UrlOption, UserOption, pairs
from .session import Session

if TYPE_CHECKING:
    from hershy.client import BulkResult, Transition

OneOrMany = Annotated[
    str | None, typer.Argument(metavar="ID", help="The program's id; or say which by --user, --label, --state.")
]


def start(
    context: typer.Context,
    program_id: OneOrMany = None,
    user: UserOption = None,
    state: StateOption = None,
    label: LabelOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Build the image if need be, and run the program. Returns at once; 'status' tells how it goes.

    Without an ID, every program that meets the criteria; exit 1 if one of them is refused.

    Example: `hershy start --user alice --state stopped`
    """
    labels = _one_or_many(program_id, user, state, label)
    with Session.of(context, url).client() as client:
        if program_id is None:
            _print_results(client.start_all(user_id=user, state=state, labels=labels), as_json)
        else:
            _print_transition(client.start(program_id), as_json)


def stop(
    context: typer.Context,
    program_id: OneOrMany = None,
    user: UserOption = None,
    state: StateOption = None,
    label: LabelOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Stop the program gracefully, or its build. Returns at once; its files are kept.

    Without an ID, every program that meets the criteria; exit 1 if one of them is refused.

    Example: `hershy stop --label team=blue`
    """
    labels = _one_or_many(program_id, user, state, label)
    with Session.of(context, url).client() as client:
        if program_id is None:
            _print_results(client.stop_all(user_id=user, state=state, labels=labels), as_json)
        else:
            _print_transition(client.stop(program_id), as_json)


def restart(
    context: typer.Context,
    program_id: OneOrMany = None,
    user: UserOption = None,
    state: StateOption = None,
    label: LabelOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Replace a running program's container; image and /state stay. Returns at once.

    Without an ID, every program that meets the criteria; exit 1 if one of them is refused.

    Example: `hershy restart --state ready`
    """
    labels = _one_or_many(program_id, user, state, label)
    with Session.of(context, url).client() as client:
        if program_id is None:
            _print_results(client.restart_all(user_id=user, state=state, labels=labels), as_json)
        else:
            _print_transition(client.restart(program_id), as_json)


def rm(
    context: typer.Context,
    program_id: OneOrMany = None,
    user: UserOption = None,
    state: StateOption = None,
    label: LabelOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Stop the program if it runs, and delete it with its files.

    Without an ID, every program that meets the criteria; exit 1 if one of them is refused.

    Example: `hershy rm --user alice --state error`
    """
    labels = _one_or_many(program_id, user, state, label)
    with Session.of(context, url).client() as client:
        if program_id is None:
            _print_results(client.delete_all(user_id=user, state=state, labels=labels), as_json)
            return
        client.delete(program_id)
    if as_json:
        output.document({"program_id": program_id, "message": "program deleted successfully"})
    else:
        output.result(f"{program_id}: deleted")


def _one_or_many(
    program_id: str | None, user: str | None, state: ProgramState | None, label: Sequence[str] | None
) -> Mapping[str, str]:
    """The labels. Raises a usage error unless either an ID or a criterion is given: neither must never mean all."""
    labels = pairs("--label", label or ())
    is_many = user is not None or state is not None or bool(labels)
    if is_many == (program_id is not None):
        raise typer.BadParameter("give either an ID, or which programs by --user, --label or --state", param_hint="ID")
    return labels


def _print_transition(transition: "Transition", as_json: bool) -> None:
    if as_json:
        output.document(transition)
    else:
        output.result(f"{transition.program_id}: {transition.message}")


def _print_results(results: Sequence["BulkResult"], as_json: bool) -> None:
    failed = sum(not it.ok for it in results)
    if as_json:
        from hershy.wire import BulkResults

        output.document(BulkResults(results, len(results), failed))
    elif results:
        rows = [(it.program_id, "ok" if it.ok else f"{it.code} {it.error}", it.message) for it in results]
        output.table(("PROGRAM", "RESULT", "MESSAGE"), rows)
    else:
        output.note("no programs")
    if failed:
        for remedy in dict.fromkeys(it.remedy for it in results if it.remedy):
            output.note(f"  -> {remedy}")
        output.error(f"{failed} of {len(results)} programs refused")
        raise typer.Exit(1)
