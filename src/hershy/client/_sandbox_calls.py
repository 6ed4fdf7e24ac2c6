"""The sandbox's part of the Host API as data, as ``_calls`` is the rest of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Unpack

from hershy.sandbox.domain.job import SandboxLimits
from hershy.sandbox.domain.result import SandboxResult
from hershy.wire import Content, NewRun, NewScore, RiskInfo, RunView, encoded, read_answer, sandbox_result, written

from ._calls import Call, answered
from .options import RunOptions

LONGEST = timedelta(minutes=5)
"""What a run may take that does not say how long, whatever the Host's settings are."""
QUEUEING = timedelta(minutes=5)
"""Beyond its own time: waiting for its turn, and for its container."""
MAX_ANSWER_BYTES = 512 * 1024 * 1024
"""All that the Host's largest limits of output and files come to, in JSON; these limits bound it already."""


def run(code: str | None, **options: Unpack[RunOptions]) -> Call[SandboxResult]:
    files, stdin = options.get("files"), options.get("stdin")
    asked = NewRun(
        code,
        contents(files) if files else None,
        command=options.get("command") or None,
        image=options.get("image") or None,
        args=options.get("args") or None,
        stdin=encoded(stdin) if stdin else None,
        env=options.get("env") or None,
        collect=options.get("collect") or None,
        limits=options.get("limits") or None,
        check=None if options.get("check", True) else False,
        threshold=options.get("threshold"),
    )
    return Call(
        "POST",
        "/sandbox/runs",
        lambda data: sandbox_result(read_answer(RunView, data)),
        body=written(asked),
        least_timeout=_own_time(asked) + QUEUEING,
        max_answer_bytes=MAX_ANSWER_BYTES,
    )


def score(code: str | None, files: Mapping[str, bytes | str]) -> Call[RiskInfo]:
    return Call("POST", "/sandbox/scores", answered(RiskInfo), body=written(NewScore(code, contents(files))))


def contents(files: Mapping[str, bytes | str]) -> Mapping[str, str | Content]:
    return {path: encoded(it) for path, it in files.items()}


def _own_time(asked: NewRun) -> timedelta:
    limits = asked.limits or {}
    if isinstance(limits, SandboxLimits):
        return limits.timeout
    return timedelta(seconds=limits["timeout_s"]) if "timeout_s" in limits else LONGEST
