"""What the Host and its worker say to each other: a length of four bytes, then JSON. Both sides bound what they read.

Reports go as plain lists: the worker has read hostile text, so what it answers is taken as data, and checked.
"""

import json
from collections.abc import Mapping
from typing import Any

from hershy.sandbox.domain.risk import LintFinding, Reason, RiskReport

LENGTH_BYTES = 4
MAX_ANSWER_BYTES = 1024 * 1024


def framed(message: object) -> bytes:
    data = json.dumps(message).encode()
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


def question_of(files: Mapping[str, str]) -> object:
    return dict(files)


def answer_of(report: RiskReport) -> object:
    return {
        "reasons": [[it.rule, it.points, it.message, it.file, it.line] for it in report.reasons],
        "lint": [[it.tool, it.rule, it.severity, it.confidence, it.message, it.file, it.line] for it in report.lint],
        "unreadable": report.unreadable,
    }


def report_of(data: bytes) -> RiskReport:
    """Raises ValueError for what is no report."""
    try:
        answer = json.loads(data)
        return RiskReport(
            reasons=[Reason(*_typed(it, str, int, str, str, int)) for it in answer["reasons"]],
            lint=[LintFinding(*_typed(it, str, str, str, str, str, str, int)) for it in answer["lint"]],
            unreadable=_typed([answer["unreadable"]], str)[0],
        )
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("the worker's answer is no report") from error


def _typed(values: Any, *types: type) -> list[Any]:
    if not isinstance(values, list) or [type(it) for it in values] != list(types):
        raise ValueError("the worker's answer is no report")
    return values
