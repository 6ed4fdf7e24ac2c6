"""What was found on the machine and could not be read, or is not what it says: skipped, logged and counted.

Containers, images, folders and rows are taken up together; one of them must never stop the others.
"""

from collections import Counter
from collections.abc import Mapping

from .log import get_logger

_MAX_REMEMBERED = 10_000
_log = get_logger("hershy.skipped")
_counts: Counter[str] = Counter()
_seen: set[tuple[str, str]] = set()


def skip(kind: str, subject: str, why: str) -> None:
    """Count one more of ``kind``; each subject is logged once, however many sweeps meet it again."""
    _counts[kind] += 1
    if (kind, subject) not in _seen and len(_seen) < _MAX_REMEMBERED:
        _seen.add((kind, subject))
        _log.warning(f"skipping a {kind} that cannot be taken up", subject=subject[:200], why=why[:300])


def skipped() -> Mapping[str, int]:
    """How often in this process, by kind."""
    return dict(_counts)
