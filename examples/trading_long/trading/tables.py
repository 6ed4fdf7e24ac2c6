"""Plain text tables for a log: no colours, no library."""

from collections.abc import Sequence

MOST_QUOTED = 60


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Lines without trailing space; the first ``left`` columns to the left, the others to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [title, rule, _line(header, widths, left), rule]
    lines += [_line(row, widths, left) for row in rows] or ["(none)"]
    return "\n".join([*lines, rule])


def facts(title: str, pairs: Sequence[tuple[str, str]]) -> str:
    """A table of two columns without a header: a name and what it is."""
    names = max(len(name) for name, _ in pairs)
    lines = [f"{name:<{names}}  {value}".rstrip() for name, value in pairs]
    rule = "-" * max(len(line) for line in lines)
    return "\n".join([title, rule, *lines, rule])


def one_line(text: str) -> str:
    """What somebody has sent, short and without line ends: it must not look like lines of our own."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return words if len(words) <= MOST_QUOTED else f"{words[: MOST_QUOTED - 1]}…"


def _line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    padded = [
        f"{cell:<{width}}" if index < left else f"{cell:>{width}}"
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
