"""The commands put together, and their exit codes."""

import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from hershy.errors import HershyError

from . import (
    deploy,
    doctor,
    history,
    lifecycle,
    output,
    programs,
    serve,
    settings,
    talk,
    token,
    usage,
    verify,
)
from . import run as run_command
from .options import TokenFileOption, UrlOption, require_effect
from .session import Session
from .variables import tell_unread_file, unknown_variables

app = typer.Typer(
    name="hershy",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


WITHOUT_A_HOST = frozenset({"serve", "doctor", "settings", "verify", "token"})
"""Commands that an address or a token of a Host means nothing to."""
WITH_SETTINGS = frozenset({*WITHOUT_A_HOST, "run"})


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"hershy {version('hershy')}")
        raise typer.Exit


@app.callback()
def hershy(
    context: typer.Context,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Run other people's long-lived programs safely.

    Start a Host with **hershy serve**, then **hershy deploy DIR --wait** a directory with a Dockerfile.

    To run a piece of code once, **hershy run FILE**.
    """
    command = context.invoked_subcommand
    if command in WITHOUT_A_HOST:
        require_effect("--url", url is None, f"before {command}, which calls no Host")
        require_effect("--token-file", token_file is None, f"before {command}, which calls no Host")
    if command != "serve":  # which refuses them
        for sentence in unknown_variables():
            output.note(f"hershy: warning: {sentence}")
    if command in WITH_SETTINGS:
        tell_unread_file()
    Session.of(context, url).token_file = token_file


_CODE = "Code, once"
_HOST, _PROGRAMS, _TALK = "The Host", "Programs", "What a program says and does"

for _panel, _commands in {
    _HOST: (serve.serve, doctor.doctor, settings.settings, verify.verify),
    _PROGRAMS: (
        deploy.deploy,
        programs.ls,
        programs.status,
        lifecycle.start,
        lifecycle.stop,
        lifecycle.restart,
        lifecycle.rm,
        usage.stats,
    ),
    _TALK: (talk.logs, history.events, history.journal, talk.message, talk.source),
    _CODE: (run_command.run,),
}.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)
app.add_typer(token.commands, rich_help_panel=_HOST)


def run(arguments: Sequence[str] | None, session: Session | None) -> NoReturn:
    """Run one command and exit; see ``hershy.cli.main``."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="hershy", obj=session or Session())
    except HershyError as refusal:
        output.refusal(refusal)
        sys.exit(1)
    sys.exit(0)
