"""The process that reads hostile source: ``python -I -m hershy_adapters.analysis.worker``.

Answers one question after the other, by standard input and output, and ends with its input. Its memory is bounded;
its time is the Host's to bound, by ending it.
"""

import json
import os
import resource
import sys
from typing import BinaryIO

from hershy.sandbox.domain.risk import RiskReport
from hershy.sandbox.risk.analysis import analyze

from . import _frames, _lint

MEMORY_BYTES = 1024 * 1024 * 1024


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    questions, answers = _own_streams()
    lint = _lint.load()
    while (question := _read(questions)) is not None:
        answers.write(_frames.framed(_frames.answer_of(_report(question, lint))))
        answers.flush()


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Whatever else prints in this process does not get between the answers."""
    answers = os.fdopen(os.dup(1), "wb")
    questions = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    return questions, answers


def _read(questions: BinaryIO) -> bytes | None:
    length = questions.read(_frames.LENGTH_BYTES)
    if len(length) < _frames.LENGTH_BYTES:
        return None
    size = int.from_bytes(length, "big")
    data = questions.read(size)
    return data if len(data) == size else None


def _report(question: bytes, lint: _lint.Lint) -> RiskReport:
    files: dict[str, str] = json.loads(question)
    report = analyze(files)
    if report.unreadable:
        return report
    try:
        return RiskReport(report.reasons, lint(files))
    except Exception:  # bandit is beside: what it cannot read, it has nothing to say of
        return report


if __name__ == "__main__":
    sys.setrecursionlimit(1_000)
    main()
