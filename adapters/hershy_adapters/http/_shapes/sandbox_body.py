"""The bodies of the sandbox's calls, read as what it runs."""

from collections.abc import Mapping
from dataclasses import dataclass

from hershy.errors import InvalidValue
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits
from hershy.wire import Content, NewRun, NewScore, decoded, parse_object, read


@dataclass(frozen=True, slots=True)
class Asked:
    """``threshold`` None: the Host's own."""

    job: SandboxJob
    check: bool
    threshold: int | None


def read_run(body: bytes) -> Asked:
    """Raises InvalidValue, its message one sentence naming the field."""
    run = read(NewRun, parse_object(body))
    assert isinstance(run.limits, SandboxLimits | None)  # so a strict reader has it
    job = SandboxJob(
        run.code,
        run.command or (),
        run.image or "",
        run.args or (),
        _contents(run.files),
        b"" if run.stdin is None else decoded(run.stdin, "stdin"),
        run.env or {},
        run.collect or (),
        run.limits or SandboxLimits(),
    )
    return Asked(job, run.check is not False, run.threshold)


def read_score(body: bytes) -> SandboxJob:
    """As something that could be run. Raises InvalidValue likewise."""
    score = read(NewScore, parse_object(body))
    files = _contents(score.files)
    if score.code is None and not any(path.endswith(".py") for path in files):
        raise InvalidValue("code is required, or files with one among them whose name ends in .py")
    return SandboxJob(score.code, () if score.code is not None else ("python3",), files=files)


def _contents(files: Mapping[str, str | Content] | None) -> Mapping[str, bytes]:
    return {path: decoded(it, f"files[{path!r:.80}]") for path, it in (files or {}).items()}
