"""``analyze``: the risk report of a program's files."""

import ast
import re
import warnings
from collections.abc import Iterator, Mapping

from hershy.sandbox.domain.risk import RiskReport

from .collecting import reasons_of
from .points import RiskFinding
from .rules import ALL
from .scene import Scene

_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_UTF8 = frozenset(("utf-8", "utf8", "utf_8", "utf-8-sig", "ascii", "us-ascii", "u8"))


MAX_TOTAL_BYTES = 1024 * 1024
"""Of all files together; an analyzer says ``too_large`` of more."""


class _Unreadable(Exception):
    pass


def size_of(files: Mapping[str, str]) -> int:
    """In bytes, names included."""
    return sum(len(it.encode("utf-8", "surrogatepass")) for pair in files.items() for it in pair)


def too_large() -> RiskReport:
    return RiskReport(unreadable=f"its files are larger than {MAX_TOTAL_BYTES} bytes together")


def analyze(files: Mapping[str, str]) -> RiskReport:
    """Pure and deterministic. Of ``files``, by path, those that end in ``.py`` are looked at.

    Never raises for what is in them: what Python cannot read makes the report unreadable, naming file and line. It is
    as bounded as the parser is; hostile text is for a process of its own.
    """
    sources = {path: text for path, text in files.items() if path.endswith(".py")}
    own = _modules_of(sources)
    found: dict[str, list[RiskFinding]] = {}
    try:
        for path in sorted(sources):
            found[path] = list(_findings(path, sources[path], own))
    except _Unreadable as error:
        return RiskReport(unreadable=str(error))
    return RiskReport(reasons_of(found))


def _findings(path: str, text: str, own: frozenset[str]) -> Iterator[RiskFinding]:
    yield from _declared_encoding(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the program's invalid escapes
            tree = ast.parse(text.removeprefix("\ufeff"))  # as Python does of a file's byte order mark
        scene = Scene(tree, own)
        for rule in ALL:
            yield from rule(scene)
    except SyntaxError as error:
        raise _Unreadable(f"{path:.200}, line {error.lineno or _odd_line(text)}: {error.msg:.200}") from error
    except (RecursionError, MemoryError) as error:
        raise _Unreadable(f"{path:.200}, line 1: is nested too deeply, or too large, to be read") from error
    except ValueError as error:  # null bytes, lone surrogates
        raise _Unreadable(f"{path:.200}, line {_odd_line(text)}: {error!s:.200}") from error


def _declared_encoding(text: str) -> Iterator[RiskFinding]:
    """What is looked at here is text; Python would read the file's bytes by the encoding that it declares."""
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text, maxsplit=2)[:2], 1):
        if (cookie := _COOKIE.match(line.removeprefix("\ufeff"))) and cookie[1].lower() not in _UTF8:
            yield RiskFinding("source-encoding", number, f"declares the encoding {cookie[1]:.80}")


def _odd_line(text: str) -> int:
    position = next((i for i, sign in enumerate(text) if sign == "\0" or "\ud800" <= sign <= "\udfff"), 0)
    return text.count("\n", 0, position) + 1


def _modules_of(sources: Mapping[str, str]) -> frozenset[str]:
    """Names that the program's own files can be imported by; one that the tables know keeps its meaning."""
    return frozenset(path.removesuffix(".py").split("/")[0] for path in sources)
