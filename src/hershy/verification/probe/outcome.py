"""What a try came to, and the list of all tries."""

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

CONTAINED, BREACHED, INCONCLUSIVE = "contained", "breached", "inconclusive"
REFUSALS = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EROFS})
"""How a kernel says no. Any other error may mean that it never came to the question."""

ROOT, ESCALATION, ISOLATION = "read-only root", "no escalation", "isolation between programs"
LOCALHOST, BOUNDED, NOT_ROOT = "localhost only", "bounded", "not root"

Given = Mapping[str, Any]


@dataclass(frozen=True)
class ProbeOutcome:
    verdict: str
    happened: str


Attempt = Callable[[Given], ProbeOutcome]


@dataclass(frozen=True)
class Try:
    """``may_be_killed``: being killed for it is an answer too."""

    name: str
    contract: str
    tried: str
    attempt: Attempt
    may_be_killed: bool = False


TRIES: dict[str, Try] = {}


def a_try(name: str, contract: str, tried: str, *, may_be_killed: bool = False) -> Callable[[Attempt], Attempt]:
    """Put the function on the list."""

    def listed(attempt: Attempt) -> Attempt:
        TRIES[name] = Try(name, contract, tried, attempt, may_be_killed)
        return attempt

    return listed


def contained(happened: str) -> ProbeOutcome:
    return ProbeOutcome(CONTAINED, happened)


def breached(happened: str) -> ProbeOutcome:
    return ProbeOutcome(BREACHED, happened)


def inconclusive(happened: str) -> ProbeOutcome:
    return ProbeOutcome(INCONCLUSIVE, happened)


def named(number: int) -> str:
    return f"{errno.errorcode.get(number, number)}: {os.strerror(number)}"


def judged(number: int, beyond: frozenset[int] = frozenset(), absent: frozenset[int] = frozenset()) -> ProbeOutcome:
    """The verdict on an errno, 0 for success.

    ``beyond``: errors that come after permission was given; ``absent``: errors that say the kernel has no such thing.
    """
    if number == 0:
        return breached("it was done")
    if number in beyond:
        return breached(f"it was permitted, and failed later ({named(number)})")
    if number in REFUSALS or number in absent:
        return contained(named(number))
    return inconclusive(named(number))


def attempted(
    action: Callable[[], object], beyond: frozenset[int] = frozenset(), absent: frozenset[int] = frozenset()
) -> ProbeOutcome:
    """Carry out and judge by the OSError, or its absence."""
    try:
        action()
    except OSError as error:
        return judged(error.errno or 0, beyond, absent) if error.errno else inconclusive(repr(error))
    return judged(0)
