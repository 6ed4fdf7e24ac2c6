"""The library's result of a run and the one on the wire: one made of the other, both ways."""

from dataclasses import fields
from datetime import timedelta
from typing import Any

from hershy.sandbox.domain.result import Outcome, SandboxResult
from hershy.sandbox.domain.risk import RiskReport, Verdict

from .sandbox import Encoding, FileView, RiskInfo, RunView, decoded, from_base64, in_base64

_SAME = {it.name for it in fields(SandboxResult)} & {it.name for it in fields(RunView)} - {"files", "risk"}
"""Fields that are the same on both sides."""


def run_view(result: SandboxResult) -> RunView:
    same: dict[str, Any] = {name: getattr(result, name) for name in _SAME}
    same |= _output("stdout", result.raw_stdout) | _output("stderr", result.raw_stderr)
    return RunView(
        **same,
        duration_s=result.duration.total_seconds(),
        cpu_time_s=None if result.cpu_time is None else result.cpu_time.total_seconds(),
        files={path: _file(content) for path, content in result.files.items()},
        risk=None if result.risk is None else _risk(result.risk, is_refused=result.outcome is Outcome.REFUSED),
    )


def sandbox_result(view: RunView) -> SandboxResult:
    """Raises InvalidValue for what should be base64 and is not. An outcome of a newer Host is its text."""
    same: dict[str, Any] = {name: getattr(view, name) for name in _SAME}
    return SandboxResult(
        **same,
        raw_stdout=_raw("stdout", view.stdout, view.stdout_base64),
        raw_stderr=_raw("stderr", view.stderr, view.stderr_base64),
        duration=timedelta(seconds=view.duration_s),
        cpu_time=None if view.cpu_time_s is None else timedelta(seconds=view.cpu_time_s),
        files={path: decoded(content, f"files[{path!r:.80}]") for path, content in view.files.items()},
        risk=None if view.risk is None else _report(view.risk),
    )


def risk_info(report: RiskReport) -> RiskInfo:
    """What cannot be read would not be run either."""
    return _risk(report, is_refused=report.verdict() is Verdict.REFUSED or bool(report.unreadable))


def _risk(report: RiskReport, *, is_refused: bool) -> RiskInfo:
    verdict = Verdict.REFUSED if is_refused else Verdict.ACCEPTED
    return RiskInfo(report.score, verdict, report.threshold, report.unreadable, report.reasons, report.lint)


def _report(risk: RiskInfo) -> RiskReport:
    return RiskReport(risk.reasons, risk.lint, risk.unreadable, risk.threshold, risk.score)


def _output(name: str, raw: bytes) -> dict[str, str]:
    try:
        return {name: raw.decode()}
    except UnicodeDecodeError:
        return {name: raw.decode("utf-8", "replace"), f"{name}_base64": in_base64(raw)}


def _raw(what: str, text: str, in_base64: str | None) -> bytes:
    return text.encode() if in_base64 is None else from_base64(in_base64, what)


def _file(raw: bytes) -> FileView:
    try:
        return FileView(raw.decode(), Encoding.UTF_8, len(raw))
    except UnicodeDecodeError:
        return FileView(in_base64(raw), Encoding.BASE64, len(raw))
