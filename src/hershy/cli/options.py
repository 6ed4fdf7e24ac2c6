"""Arguments and options that several commands share."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from hershy.core.durations import parse_duration
from hershy.core.resources import MIB
from hershy.errors import InvalidValue
from hershy.programs.domain.state import ProgramState

ProgramArgument = Annotated[str, typer.Argument(metavar="ID", help="The program's id, as 'hershy ls' shows it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Where the Host answers (HERSHY_URL); http://127.0.0.1:9000 by default."),
]
TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        dir_okay=False,
        exists=True,
        readable=True,
        help="Holds the API token for the Host; else HERSHY_TOKEN does.",
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        dir_okay=False,
        exists=True,
        help="Settings in TOML (HERSHY_CONFIG); else a Host reads hershy.toml in its storage root.",
    ),
]
UserOption = Annotated[str | None, typer.Option(metavar="ID", help="Only this user's programs.")]
StateOption = Annotated[ProgramState | None, typer.Option(help="Only programs in this state.", case_sensitive=False)]
LabelOption = Annotated[
    list[str] | None, typer.Option(metavar="KEY=VALUE", help="Only with this label; repeatable, all must match.")
]
StorageOption = Annotated[
    Path | None, typer.Option(metavar="DIR", file_okay=False, help="The Host's storage root, as given to serve.")
]
MemoryOption = Annotated[
    str | None, typer.Option(metavar="SIZE", help="All the memory it may use: 512m, 1g; 256m by default.")
]
CpusOption = Annotated[
    float | None, typer.Option(metavar="CORES", help="How much of the processor: 0.5 is half a core; 1 by default.")
]
TailOption = Annotated[int | None, typer.Option(min=0, help="How many of the newest lines; 200 by default.")]


def given(**options: Any) -> dict[str, Any]:
    """Those that were given at all, by name."""
    return {name: value for name, value in options.items() if value is not None}


def pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    """``KEY=VALUE`` texts as a mapping. Raises a usage error that names the option, also for a key given twice."""
    parsed: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"{text!r} is not KEY=VALUE", param_hint=option)
        if name in parsed:
            raise typer.BadParameter(f"{name} is given twice", param_hint=option)
        parsed[name] = value
    return parsed


def require_effect(option: str, has_effect: bool, otherwise: str) -> None:
    """Raises a usage error for an option that would be ignored; ``otherwise``: ``without --wait``."""
    if not has_effect:
        raise typer.BadParameter(f"has no effect {otherwise}", param_hint=option)


_SIZES = {"": 1, "b": 1, "k": 1024, "m": MIB, "g": 1024 * MIB}


def size(option: str, text: str | None) -> int | None:
    """Bytes, as ``512m`` or ``1g`` or a plain number. Raises a usage error that names the option."""
    if text is None:
        return None
    lowered = text.lower()
    number = lowered.rstrip("bkmg")
    unit = lowered[len(number) :]
    try:
        return int(float(number) * _SIZES[unit])
    except (ValueError, KeyError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a size like 512m or 1g", param_hint=option) from None


def duration(option: str, text: str | None) -> timedelta | None:
    """A time like ``90s`` or ``1h30m``. Raises a usage error that names the option."""
    try:
        return None if text is None else parse_duration(text)
    except InvalidValue as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
