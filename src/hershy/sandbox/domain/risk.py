"""What a static look at code tells of the risk of running it. Advice: a container is what holds the code."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hershy.errors import InvalidValue

DEFAULT_THRESHOLD = 30
_SUM = -1


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why code has scored ``points``. ``rule`` is a stable name (``dynamic-import``); ``line`` counts from 1, 0 is
    the file as a whole."""

    rule: str
    points: int
    message: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class LintFinding:
    """What another tool has found, as it says so itself; it gives no points."""

    tool: str
    rule: str
    severity: str
    confidence: str
    message: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class RiskReport:
    """``unreadable``: why the code could not be read as Python, in one sentence; its score says nothing then. ``lint``:
    what the linter beside it has found. ``threshold``: the score at which whoever asked refuses it; None for never, or
    where nobody has said. ``score``: the sum of the reasons' points, unless another Host has said."""

    reasons: Sequence[Reason] = ()
    lint: Sequence[LintFinding] = ()
    unreadable: str = ""
    threshold: int | None = field(default=None, compare=False)
    score: int = _SUM

    def __post_init__(self) -> None:
        object.__setattr__(self, "reasons", tuple(self.reasons))
        object.__setattr__(self, "lint", tuple(self.lint))
        if self.score == _SUM:
            object.__setattr__(self, "score", sum(reason.points for reason in self.reasons))

    def verdict(self, threshold: int | None = None) -> Verdict:
        """Refused at ``threshold`` points and above; by default at its own threshold, or else the usual one."""
        given = (threshold, self.threshold, DEFAULT_THRESHOLD)
        at = next(it for it in given if it is not None)
        return Verdict.REFUSED if self.score >= require_threshold(at) else Verdict.ACCEPTED


def require_threshold(threshold: int) -> int:
    """Raises InvalidValue below 1: at 0 there would be nothing that is accepted."""
    if type(threshold) is not int or threshold < 1:
        raise InvalidValue(f"risk threshold: must be a whole number of at least 1, not {threshold!r:.80}")
    return threshold
