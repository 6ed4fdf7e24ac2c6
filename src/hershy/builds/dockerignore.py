"""Which files of a build context ``.dockerignore`` excludes, by Docker's rules.

The last pattern that matches a path or one of its folders decides; ``!`` takes an exclusion back. ``*``, ``?``
and ``[…]`` stay within a segment of the path, ``**`` stands for any number of segments. Matching takes time
proportional to pattern and path, whatever they hold: both come from strangers.
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate

from hershy.errors import BuildError

DOCKERIGNORE = ".dockerignore"
MAX_PATTERNS = 1000
_ANY_DEPTH = "**"


class PathPattern:
    """One pattern, without its ``!``. A pattern of nothing but ``.`` and ``/`` matches nothing."""

    def __init__(self, text: str) -> None:
        self._segments = [None if part == _ANY_DEPTH else _compiled(part) for part in _parts(text)]

    def matches(self, path: str) -> bool:
        """Whether the path or a folder it lies in matches."""
        names = path.split("/")
        at = name_at = 0
        retry: tuple[int, int] | None = None  # where to go on when the last ``**`` takes one more segment
        while at < len(self._segments):
            segment = self._segments[at]
            if segment is None:
                at += 1
                retry = (at, name_at)
            elif name_at < len(names) and segment.match(names[name_at]):
                at, name_at = at + 1, name_at + 1
            elif retry is not None and retry[1] < len(names):
                retry = (retry[0], retry[1] + 1)
                at, name_at = retry
            else:
                return False
        return bool(self._segments)


class DockerIgnore:
    """Raises BuildError for more than ``MAX_PATTERNS`` patterns."""

    def __init__(self, text: str) -> None:
        lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines() if not line.startswith("#"))
        patterns = [line for line in lines if line not in ("", "!")]
        if len(patterns) > MAX_PATTERNS:
            raise BuildError(f"{DOCKERIGNORE} has {len(patterns)} patterns", remedy=f"use at most {MAX_PATTERNS}")
        self.has_exceptions = any(pattern.startswith("!") for pattern in patterns)
        """Whether something in an excluded folder may stay."""
        self._rules = [(PathPattern(pattern.removeprefix("!")), not pattern.startswith("!")) for pattern in patterns]

    def excludes(self, path: str) -> bool:
        return next((excluded for rule, excluded in reversed(self._rules) if rule.matches(path)), False)


def included(paths: Iterable[str], dockerignore: str) -> Sequence[str]:
    """The paths that stay in the context, in their order; ``.dockerignore`` itself always stays."""
    ignore = DockerIgnore(dockerignore)
    return [path for path in paths if path == DOCKERIGNORE or not ignore.excludes(path)]


def _parts(text: str) -> Sequence[str]:
    parts: list[str] = []
    for part in text.strip().split("/"):
        if part == "..":
            del parts[-1:]
        elif part.startswith(_ANY_DEPTH) and part != _ANY_DEPTH:
            parts += [_ANY_DEPTH, "*" + part.lstrip("*")]  # ``**.pyc`` is ``**/*.pyc``
        elif part not in ("", "."):
            parts.append(part)
    if parts and parts[-1] == _ANY_DEPTH:
        parts[-1] = "*"  # ``a/**`` is what lies in ``a``, not ``a`` itself
    return parts


def _compiled(segment: str) -> re.Pattern[str]:
    # fnmatch has no escapes and negates a class with ``!`` only.
    return re.compile(translate(re.sub(r"\\(.)", r"[\1]", segment).replace("[^", "[!")))
