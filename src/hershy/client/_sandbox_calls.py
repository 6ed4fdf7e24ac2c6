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


def run_code(code: str | None = None, **options: Unpack[RunOptions]) -> Call[SandboxResult]:
    """Run Python ``code``, or a ``command`` of an image, once in a sandbox, and return how it has ended.

    ``files`` (by relative POSIX path) are laid into its working directory, and ``collect`` names those to bring
    back, ``.`` all. ``limits`` takes timeout_s, cpus, memory_bytes, pids, open_files, output_bytes, work_bytes and
    files_bytes. Code that scores ``threshold`` or more, by default the Host's, is refused, unless ``check`` is
    False. What the code does is never raised. Waits for its turn, beyond its own timeout for some minutes. Raises
    InvalidValue, ImageNotFound for an image that the Host does not have, QuotaExceeded, Unavailable. An AsyncClient's
    that is cancelled kills the run.
    """
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


def score_code(code: str | None = None, *, files: Mapping[str, bytes | str] | None = None) -> Call[RiskInfo]:
    """How risky Python ``code``, or the Python among ``files``, looks. Runs nothing. Raises InvalidValue."""
    return Call("POST", "/sandbox/scores", answered(RiskInfo), body=written(NewScore(code, contents(files or {}))))


def contents(files: Mapping[str, bytes | str]) -> Mapping[str, str | Content]:
    return {path: encoded(it) for path, it in files.items()}


def _own_time(asked: NewRun) -> timedelta:
    limits = asked.limits or {}
    if isinstance(limits, SandboxLimits):
        return limits.timeout
    return timedelta(seconds=limits["timeout_s"]) if "timeout_s" in limits else LONGEST
