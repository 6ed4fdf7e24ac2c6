"""What the Host answers of runs in sandboxes, as frozen values. Names are those of the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hershy.sandbox.domain.result import Outcome, PythonError
from hershy.sandbox.domain.risk import LintFinding, Reason, Verdict


@dataclass(frozen=True, slots=True)
class RiskInfo:
    """How risky code looks. ``threshold`` None: it is run whatever its score.

    ``unreadable`` says why it could not be read; ``lint`` is what another tool has found, which gives no points.
    """

    score: int
    verdict: Verdict
    threshold: int | None = None
    unreadable: str = ""
    reasons: Sequence[Reason] = ()
    lint: Sequence[LintFinding] = ()


@dataclass(frozen=True, slots=True)
class RunInfo:
    """How a run has ended, which ``message`` says in a sentence, and what came of it.

    ``exit_code`` is None if it never ran or was killed for a limit. ``files`` are those collected, ``files_left_out``
    the names of those that did not fit.
    """

    outcome: Outcome
    message: str
    exit_code: int | None = None
    raw_stdout: bytes = b""
    raw_stderr: bytes = b""
    output_is_cut: bool = False
    duration_s: float = 0.0
    cpu_time_s: float | None = None
    peak_memory_bytes: int | None = None
    exception: PythonError | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    files_left_out: Sequence[str] = ()
    was_warm: bool = False
    runtime: str = ""
    risk: RiskInfo | None = None

    @property
    def is_success(self) -> bool:
        return self.outcome is Outcome.FINISHED

    @property
    def stdout(self) -> str:
        """As text; what is not UTF-8 becomes U+FFFD."""
        return self.raw_stdout.decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        return self.raw_stderr.decode("utf-8", "replace")
