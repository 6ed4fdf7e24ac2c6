"""From a life that nobody has cut short to all the moments at which to cut others."""

import json
from collections.abc import Sequence
from itertools import pairwise

from hershy.testing.faults.boundaries import Boundary, Phase

from .life import LIVES, Job, Strike

LONG_S = 0.02
"""A call that takes so long is struck in its middle too."""
REPEATED = frozenset({"append", "probe", "logs"})
"""Calls whose number varies from life to life: the first two of a chapter stand for all."""

CHANGES_NOTHING = frozenset(
    {
        *("diagnose", "wait", "events", "list_owned", "is_port_free", "published_ports", "stats"),
        *("find", "get", "list", "journal", "list_programs", "read_sources", "log", "read", "state_usage", "route"),
    }
)
"""Calls that leave the world as it is: a kill at one of them is a kill behind the call before it."""


def strikes(recorded: Job) -> Sequence[Strike]:
    """Every moment that differs from its neighbours in what the world is like, in the order of the life."""
    passed = [(_boundary(fields), at) for fields, at in json.loads(recorded.passed.read_text())]
    relevant = [(it, at) for it, at in passed if it.chapter in LIVES[recorded.life] and _is_relevant(it)]
    ended = {_call(it): at for it, at in relevant if it.phase is Phase.AFTER}
    found = []
    for (boundary, at), (following, _) in pairwise([*relevant, (relevant[0][0], 0.0)]):
        if boundary.phase is Phase.AFTER and following.phase is Phase.BEFORE:
            continue  # the same moment as the one before the call that follows
        found.append(Strike(boundary))
        duration_s = ended.get(_call(boundary), at) - at
        if duration_s >= LONG_S:
            found.append(Strike(boundary, duration_s / 2))
    return found


def _is_relevant(boundary: Boundary) -> bool:
    return boundary.method not in CHANGES_NOTHING and (boundary.number <= 2 or boundary.method not in REPEATED)


def _boundary(fields: dict[str, str | int]) -> Boundary:
    return Boundary(
        str(fields["chapter"]),
        Phase(fields["phase"]),
        str(fields["port"]),
        str(fields["method"]),
        int(fields["number"]),
    )


def _call(boundary: Boundary) -> tuple[str, str, str, int]:
    return boundary.chapter, boundary.port, boundary.method, boundary.number
