"""The rules, a family a file. Each is a function of a Scene that yields what it finds."""

from collections.abc import Callable, Iterable

from ..points import RiskFinding
from ..scene import Scene
from . import attributes, files, imports, lookups, loops, references, texts

ALL: tuple[Callable[[Scene], Iterable[RiskFinding]], ...] = (
    imports.check,
    references.check,
    attributes.check,
    lookups.check,
    texts.check,
    files.check,
    loops.check,
)
