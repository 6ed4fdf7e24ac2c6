"""What the sandbox's calls answer: models for the OpenAPI document, and the same by hand.

Output may be any text and tens of megabytes of it: models would look at every character, and refuse some.
"""

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, Field

from hershy.sandbox.domain.result import Outcome, PythonError, SandboxResult
from hershy.sandbox.domain.risk import LintFinding, Reason, RiskReport, Verdict


class FileView(BaseModel):
    """``encoding``: ``utf-8``, or ``base64`` for what is not. ``size`` in bytes."""

    content: str
    encoding: str
    size: int


class RiskView(BaseModel):
    """``threshold`` null: whatever the score. ``unreadable``: why nothing can be said of the code."""

    score: int
    threshold: int | None
    verdict: Verdict
    unreadable: str
    reasons: list[Reason]
    lint: list[LintFinding]


class RunView(BaseModel):
    """How a run has ended. Code that was refused is a result too, its outcome ``refused``."""

    outcome: Outcome
    message: str
    exit_code: int | None
    stdout: str = Field(description="what is not UTF-8 is U+FFFD; the bytes are in `stdout_base64` then")
    stderr: str
    stdout_base64: str | None = Field(None, description="only where `stdout` is not all of it")
    stderr_base64: str | None = Field(None, description="likewise")
    output_is_cut: bool
    duration_s: float
    cpu_time_s: float | None
    peak_memory_bytes: int | None
    exception: PythonError | None
    files: dict[str, FileView]
    files_left_out: list[str]
    was_warm: bool
    runtime: str
    risk: RiskView | None


def run_view(result: SandboxResult, threshold: int | None) -> dict[str, Any]:
    """``threshold``: the score at which it would have been refused; None for never."""
    return {
        "outcome": result.outcome,
        "message": result.message,
        "exit_code": result.exit_code,
        **_output("stdout", result.raw_stdout),
        **_output("stderr", result.raw_stderr),
        "output_is_cut": result.output_is_cut,
        "duration_s": result.duration.total_seconds(),
        "cpu_time_s": None if result.cpu_time is None else result.cpu_time.total_seconds(),
        "peak_memory_bytes": result.peak_memory_bytes,
        "exception": None if result.exception is None else asdict(result.exception),
        "files": {path: _file(content) for path, content in result.files.items()},
        "files_left_out": list(result.files_left_out),
        "was_warm": result.was_warm,
        "runtime": result.runtime,
        "risk": None
        if result.risk is None
        else risk_view(result.risk, threshold, is_refused=result.outcome is Outcome.REFUSED),
    }


def score_view(report: RiskReport, threshold: int) -> dict[str, Any]:
    """What cannot be read would not be run either."""
    is_refused = bool(report.unreadable) or report.verdict(threshold) is Verdict.REFUSED
    return risk_view(report, threshold, is_refused=is_refused)


def risk_view(report: RiskReport, threshold: int | None, *, is_refused: bool) -> dict[str, Any]:
    return {
        "score": report.score,
        "threshold": threshold,
        "verdict": Verdict.REFUSED if is_refused else Verdict.ACCEPTED,
        "unreadable": report.unreadable,
        "reasons": [asdict(it) for it in report.reasons],
        "lint": [asdict(it) for it in report.lint],
    }


def _output(name: str, raw: bytes) -> Mapping[str, str]:
    try:
        return {name: raw.decode()}
    except UnicodeDecodeError:
        return {name: raw.decode("utf-8", "replace"), f"{name}_base64": base64.b64encode(raw).decode()}


def _file(raw: bytes) -> Mapping[str, str | int]:
    try:
        content, encoding = raw.decode(), "utf-8"
    except UnicodeDecodeError:
        content, encoding = base64.b64encode(raw).decode(), "base64"
    return {"content": content, "encoding": encoding, "size": len(raw)}
