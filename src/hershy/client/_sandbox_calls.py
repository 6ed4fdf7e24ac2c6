"""The sandbox's part of the Host API as data, as ``_calls`` is the rest of it."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hershy.sandbox.domain.job import SandboxLimits
from hershy.sandbox.domain.result import Outcome, PythonError
from hershy.sandbox.domain.risk import LintFinding, Reason, Verdict

from ._calls import Call
from ._known import require_known
from .sandbox_models import RiskInfo, RunInfo

LONGEST = timedelta(minutes=5)
"""What a run may take that does not say how long, whatever the Host's settings are."""
QUEUEING = timedelta(minutes=5)
"""Beyond its own time: waiting for its turn, and for its container."""
MAX_ANSWER_BYTES = 512 * 1024 * 1024
"""All that the Host's largest limits of output and files come to, in JSON; these limits bound it already."""


@dataclass(frozen=True, slots=True)
class NewRun:
    """The body of ``POST /sandbox/runs``; what is not given is left to the Host.

    Raises InvalidValue for a name in ``limits`` that there is not.
    """

    code: str | None = None
    command: Sequence[str] = ()
    image: str = ""
    args: Sequence[str] = ()
    files: Mapping[str, bytes | str] = field(default_factory=dict)
    stdin: bytes | str = b""
    env: Mapping[str, str] = field(default_factory=dict)
    collect: Sequence[str] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    check: bool = True
    threshold: int | None = None

    def __post_init__(self) -> None:
        require_known("limits", self.limits, SandboxLimits)

    def body(self) -> dict[str, Any]:
        optional: dict[str, Any] = {
            "command": list(self.command),
            "image": self.image,
            "args": list(self.args),
            "files": _contents(self.files),
            "stdin": _content(self.stdin) if self.stdin else None,
            "env": dict(self.env),
            "collect": list(self.collect),
            "limits": dict(self.limits),
        }
        given = {name: value for name, value in optional.items() if value}
        if self.code is not None:
            given["code"] = self.code
        if not self.check:
            given["check"] = False
        if self.threshold is not None:
            given["threshold"] = self.threshold
        return given

    @property
    def time(self) -> timedelta:
        """What it may take by itself."""
        return timedelta(seconds=self.limits["timeout_s"]) if "timeout_s" in self.limits else LONGEST


def run(asked: NewRun) -> Call[RunInfo]:
    return Call(
        "POST",
        "/sandbox/runs",
        run_info,
        body=asked.body(),
        least_timeout=asked.time + QUEUEING,
        max_answer_bytes=MAX_ANSWER_BYTES,
    )


def score(code: str | None, files: Mapping[str, bytes | str]) -> Call[RiskInfo]:
    body = {"code": code, "files": _contents(files)}
    return Call("POST", "/sandbox/scores", risk_info, body={name: it for name, it in body.items() if it is not None})


def run_info(data: Any) -> RunInfo:
    return RunInfo(
        outcome=Outcome(data["outcome"]),
        message=data["message"],
        exit_code=data.get("exit_code"),
        raw_stdout=_output(data, "stdout"),
        raw_stderr=_output(data, "stderr"),
        output_is_cut=data.get("output_is_cut", False),
        duration_s=data["duration_s"],
        cpu_time_s=data.get("cpu_time_s"),
        peak_memory_bytes=data.get("peak_memory_bytes"),
        exception=_exception(data.get("exception")),
        files={path: _bytes(it) for path, it in data["files"].items()},
        files_left_out=tuple(data.get("files_left_out") or ()),
        was_warm=data.get("was_warm", False),
        runtime=data.get("runtime", ""),
        risk=risk_info(data["risk"]) if data.get("risk") else None,
    )


def risk_info(data: Any) -> RiskInfo:
    return RiskInfo(
        score=data["score"],
        verdict=Verdict(data["verdict"]),
        threshold=data.get("threshold"),
        unreadable=data.get("unreadable") or "",
        reasons=tuple(
            Reason(it["rule"], it["points"], it["message"], it["file"], it["line"]) for it in data.get("reasons", ())
        ),
        lint=tuple(
            LintFinding(it["tool"], it["rule"], it["severity"], it["confidence"], it["message"], it["file"], it["line"])
            for it in data.get("lint", ())
        ),
    )


def _exception(data: Any) -> PythonError | None:
    return PythonError(data["type"], data["message"], data["file"], data["line"]) if data else None


def _output(data: Any, name: str) -> bytes:
    encoded = data.get(f"{name}_base64")
    text: str = data[name]
    return text.encode() if encoded is None else base64.b64decode(encoded, validate=True)


def _bytes(data: Any) -> bytes:
    text: str = data["content"]
    return base64.b64decode(text, validate=True) if data["encoding"] == "base64" else text.encode()


def _contents(files: Mapping[str, bytes | str]) -> dict[str, Any]:
    return {path: _content(it) for path, it in files.items()}


def _content(given: bytes | str) -> str | dict[str, str]:
    if isinstance(given, str):
        return given
    try:
        return given.decode()
    except UnicodeDecodeError:
        return {"content": base64.b64encode(given).decode(), "encoding": "base64"}
