"""What commands print: JSON for machines, text for people. Results on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

import typer

from hershy.core.terminal import harmless, on_one_line
from hershy.errors import HershyError

_UNLIMITED_WIDTH = 10_000
_CONTINUED = "\n  | "


def document(value: Any) -> None:
    """Print one JSON document: a mapping, or a dataclass with its fields as on the wire."""
    from hershy.wire import written

    typer.echo(json.dumps(written(value)))


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def result(text: str) -> None:
    """Print lines to stdout."""
    typer.echo(_fit_for(sys.stdout, text))


def raw(content: bytes, *, to_stderr: bool = False) -> None:
    """Print what code has printed, byte by byte; on a terminal without what would act on it."""
    stream = sys.stderr if to_stderr else sys.stdout
    if stream.isatty():
        stream.write(harmless(content.decode("utf-8", "replace")))
    else:
        stream.buffer.write(content)
    stream.flush()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below a head to stdout. Ids are for copying: nothing is cut, not even for a narrow terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(*head, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        made.add_row(*(Text(on_one_line(cell), no_wrap=True) for cell in row))
    needed = Console(width=_UNLIMITED_WIDTH).measure(made).maximum
    Console(width=max(Console().width, needed), soft_wrap=True).print(made)


def note(text: str, *, colour: str | None = None) -> None:
    """Tell people something on stderr; ``colour`` shows on a terminal only."""
    text = _fit_for(sys.stderr, text)
    typer.echo(typer.style(text, fg=colour, bold=True) if colour else text, err=True)


def error(text: str) -> None:
    """Say on stderr why the command failed."""
    note(f"hershy: {_quoted(text)}")


def refusal(error: HershyError) -> None:
    """Say on stderr why the command failed, and on a line of its own what to do."""
    note(f"hershy: {_quoted(error.explanation)}")
    if error.remedy:
        note(f"  -> {_quoted(error.remedy)}")


def _quoted(text: str) -> str:
    """Further lines of somebody's text, marked as such: none of them passes for a line of the command's own."""
    return text.replace("\n", _CONTINUED)


def _fit_for(stream: TextIO, text: str) -> str:
    if stream.isatty():
        return harmless(text)
    return text.encode("utf-8", "replace").decode()
