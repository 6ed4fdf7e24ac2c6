"""Commands that change programs, one or many: start, stop, restart, rm."""

from collections.abc import Callable, Mapping, Sequence
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


_MANY = "Without an ID, every program that meets the criteria; exit 1 if one of them is refused."


def _command(verb: str, what: str, example: str, *, name: str = "") -> Callable[..., None]:
    """The command that has clients do ``verb`` to one program, or ``verb``_all to many."""

    def command(
        context: typer.Context,
        program_id: OneOrMany = None,
        user: UserOption = None,
        state: StateOption = None,
        label: LabelOption = None,
        as_json: JsonOption = False,
        url: UrlOption = None,
    ) -> None:
        labels = _one_or_many(program_id, user, state, label)
        with Session.of(context, url).client() as client:
            if program_id is None:
                _print_results(getattr(client, f"{verb}_all")(user_id=user, state=state, labels=labels), as_json)
            else:
                _print_one(program_id, getattr(client, verb)(program_id), as_json)

    command.__name__ = name or verb
    command.__doc__ = f"{what}\n\n{_MANY}\n\nExample: `{example}`"
    return command


start = _command(
    "start",
    "Build the image if need be, and run the program. Returns at once; 'status' tells how it goes.",
    "hershy start --user alice --state stopped",
)
stop = _command(
    "stop",
    "Stop the program gracefully, or its build. Returns at once; its files are kept.",
    "hershy stop --label team=blue",
)
restart = _command(
    "restart",
    "Replace a running program's container; image and /state stay. Returns at once.",
    "hershy restart --state ready",
)
rm = _command(
    "delete",
    "Stop the program if it runs, and delete it with its files.",
    "hershy rm --user alice --state error",
    name="rm",
)


def _one_or_many(
    program_id: str | None, user: str | None, state: ProgramState | None, label: Sequence[str] | None
) -> Mapping[str, str]:
    """The labels. Raises a usage error unless either an ID or a criterion is given: neither must never mean all."""
    labels = pairs("--label", label or ())
    is_many = user is not None or state is not None or bool(labels)
    if is_many == (program_id is not None):
        raise typer.BadParameter("give either an ID, or which programs by --user, --label or --state", param_hint="ID")
    return labels


def _print_one(program_id: str, done: "Transition | None", as_json: bool) -> None:
    """``done`` is None for a program that is gone."""
    if as_json:
        output.document(done or {"program_id": program_id, "message": "program deleted successfully"})
    else:
        output.result(f"{program_id}: {done.message if done else 'deleted'}")


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
