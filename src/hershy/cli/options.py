"""Arguments and options that several commands share."""

from collections.abc import Sequence
from typing import Annotated

import typer

ProgramArgument = Annotated[str, typer.Argument(metavar="ID", help="The program's id, as 'hershy ls' shows it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Where the Host answers (HERSHY_URL); http://127.0.0.1:9000 by default."),
]
TailOption = Annotated[int | None, typer.Option(min=0, help="How many of the newest lines; 200 by default.")]


def pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    """``KEY=VALUE`` texts as a mapping. Raises a usage error that names the option."""
    parsed = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"{text!r} is not KEY=VALUE", param_hint=option)
        parsed[name] = value
    return parsed
