"""From findings to reasons: points for first times and repeats, and no more reasons than can be read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hershy.sandbox.domain.risk import Reason

from .points import RULES, RiskFinding

MAX_PER_RULE = 20
MAX_REASONS = 200
MAX_MESSAGE = 300


def reasons_of(findings: Mapping[str, Iterable[RiskFinding]]) -> Sequence[Reason]:
    """By file in order of path and line. One a rule and line; of each rule at most ``MAX_PER_RULE`` over all files.

    Where there are too many, those with the fewest points are left out.
    """
    times: Counter[str] = Counter()
    reasons = []
    for file in sorted(findings):
        seen = set()
        for finding in sorted(findings[file], key=lambda it: (it.line, it.rule, it.message)):
            if (finding.rule, finding.line) in seen or times[finding.rule] >= MAX_PER_RULE:
                continue
            seen.add((finding.rule, finding.line))
            rule = RULES[finding.rule]
            points = rule.again if times[finding.rule] else rule.points
            times[finding.rule] += 1
            reasons.append(Reason(finding.rule, points, finding.message[:MAX_MESSAGE], file, finding.line))
    kept = sorted(reasons, key=lambda it: -it.points)[:MAX_REASONS]
    return sorted(kept, key=lambda it: (it.file, it.line, it.rule))
