"""Commands for what a program says: logs, message, source."""

import json
from typing import Annotated

import typer

from . import output
from .options import JsonOption, ProgramArgument, TailOption, UrlOption
from .session import Session


def logs(
    context: typer.Context,
    program_id: ProgramArgument,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the program ends.")] = False,
    tail: TailOption = None,
    build: Annotated[bool, typer.Option("--build", help="The build's output instead of the program's.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document; with --follow, one to a line.")] = False,
    url: UrlOption = None,
) -> None:
    """Print what the program wrote to stdout and stderr, newest last.

    Example: `hershy logs alice-build-5f0c… --follow --tail 20`
    """
    if build and follow:
        raise typer.BadParameter("'deploy --wait' shows a build while it runs", param_hint="--build --follow")
    with Session.of(context, url).client() as client:
        if follow:
            try:
                for line in client.follow_logs(program_id, tail=tail):
                    if as_json:
                        output.document({"line": line})
                    else:
                        output.result(line)
            except KeyboardInterrupt:
                raise typer.Exit(130) from None
            return
        found = client.build_log(program_id, tail=tail) if build else client.logs(program_id, tail=tail)
    if as_json:
        output.document(found)
    elif found.logs:
        for line in found.logs.removesuffix("\n").split("\n"):
            output.result(line)


def message(
    context: typer.Context,
    program_id: ProgramArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say, one argument.")],
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Send a message to a Ready program, and show what it answers at once.

    Example: `hershy message alice-build-5f0c… "add 5"`
    """
    with Session.of(context, url).client() as client:
        receipt = client.message(program_id, text)
    if as_json:
        output.document({"status": receipt.status, **receipt.answer})
        return
    output.result(receipt.status)
    for name, value in receipt.answer.items():
        output.result(f"{name}: {value if isinstance(value, str) else json.dumps(value)}")


def source(
    context: typer.Context, program_id: ProgramArgument, as_json: JsonOption = False, url: UrlOption = None
) -> None:
    """Print the files the program was built from."""
    with Session.of(context, url).client() as client:
        found = client.source(program_id)
    if as_json:
        output.document(found)
        return
    for path, text in found.files.items():
        output.result(f"==> {path} <==")
        for line in text.removesuffix("\n").split("\n"):
            output.result(line)
