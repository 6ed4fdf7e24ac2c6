"""Commands for what a program says: logs, message, source."""

from enum import StrEnum
from typing import Annotated

import typer

from . import output
from .options import JsonOption, ProgramArgument, TailOption, UrlOption
from .session import Session, ended_by_ctrl_c

BUILD = "build"


class OutputStream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"


def logs(
    context: typer.Context,
    program_id: ProgramArgument,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the program or build ends.")] = False,
    tail: TailOption = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Nothing older: so long ago (10m, 2h), or a time in RFC 3339.")
    ] = None,
    stream: Annotated[OutputStream | None, typer.Option(help="One of them only; both by default.")] = None,
    build: Annotated[bool, typer.Option("--build", help="The build's output instead of the program's.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document; with --follow, one to a line.")] = False,
    url: UrlOption = None,
) -> None:
    """Print what the program wrote to stdout and stderr, newest last.

    Example: `hershy logs alice-build-5f0c… --follow --since 10m`
    """
    if build and (stream or since):
        raise typer.BadParameter("a build's output has neither streams nor times", param_hint="--build")
    kind = BUILD if build else stream.value if stream else None
    with Session.of(context, url).client() as client:
        if follow:
            with ended_by_ctrl_c():
                for line in client.follow_logs(program_id, tail=tail, stream=kind, since=since):
                    if as_json:
                        output.document({"line": line})
                    else:
                        output.result(line)
            return
        found = client.logs(program_id, tail=tail, stream=kind, since=since)
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
    output.result(str(receipt))


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
