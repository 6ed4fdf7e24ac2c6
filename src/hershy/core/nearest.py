"""What a refusal says about a name that nobody knows: the one that was probably meant, or those there are."""

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 80
"""Characters of the name that are compared: a caller may send a name of megabytes."""
_FEW = 16
"""So many names are listed where none is near."""


def hint(name: str, known: Iterable[str], *, prefix: str = "") -> str:
    """``; did you mean egress?``, ``; there are: a, b``, or nothing where that would be a long list.

    ``prefix``: what all of them begin with, which says nothing about how near they are.
    """
    by_lower = {it.removeprefix(prefix).lower(): it for it in known}
    near = get_close_matches(name[:_LONGEST].lower().removeprefix(prefix.lower()), by_lower, n=1)
    if near:
        return f"; did you mean {by_lower[near[0]]}?"
    if 0 < len(by_lower) <= _FEW:
        return f"; there are: {', '.join(sorted(by_lower.values()))}"
    return ""
