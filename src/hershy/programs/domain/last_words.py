"""What a program's last lines of output mean here: refusals that come of its container's contract are explained."""

import re
from collections.abc import Sequence

_REST = "(all of its output: 'hershy logs ID', or GET /programs/{id}/logs; its container is gone)"
_EXPLANATIONS = (
    (
        r"\bSemLock\b|/dev/shm\b|'/psm_|No usable temporary directory|/tmp\b.*(?:Read-only file system|EROFS)",
        "(in its container nothing can be written to /tmp and /dev/shm unless scratch is asked for: "
        "resources.scratch_bytes, or 'hershy deploy --scratch 64m')",
    ),
    (
        r"Read-only file system|Permission denied|Operation not permitted|unable to open database|\bEROFS\b|\bEACCES\b",
        "(in its container only /state can be written, where TMPDIR points too; it runs as an unprivileged user "
        "without capabilities)",
    ),
)
"""The first whose sign is found holds. Where the machine's kernel says EROFS, gVisor often says EACCES."""


def with_last_words(words: str, log_tail: Sequence[str]) -> str:
    """``words`` with the last lines, oldest first, what they mean, and where the rest of the output is.

    The container is removed when its end has been seen.
    """
    if not log_tail:
        return words
    explained = explanation(log_tail)
    return "\n".join([f"{words}; its last log lines:", *log_tail, *([explained] if explained else []), _REST])


def explanation(log_tail: Sequence[str]) -> str:
    """Which part of the contract has refused something, as far as these lines tell; empty where none has."""
    text = "\n".join(log_tail)
    return next((meaning for sign, meaning in _EXPLANATIONS if re.search(sign, text)), "")
