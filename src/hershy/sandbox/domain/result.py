"""How a run in a sandbox ended, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from hershy.core.exits import ExitKind, ExitReason
from hershy.core.resources import MIB

from .job import SandboxLimits
from .risk import RiskReport


class Outcome(StrEnum):
    """What ended a run.

    ``finished``: exited with 0. ``error``: exited with another code, for Python by an uncaught exception as a rule.
    ``syntax_error``: the code is not Python; none of it ran. ``timeout``, ``out_of_memory``, ``output_limit``: killed
    for exceeding that limit. ``killed``: ended by a signal that hershy did not send for a limit: a crash, a system
    call that is not allowed, somebody at the engine. ``refused``: scored too high, and not run.
    """

    FINISHED = "finished"
    ERROR = "error"
    SYNTAX_ERROR = "syntax_error"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    OUTPUT_LIMIT = "output_limit"
    KILLED = "killed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PythonError:
    """An uncaught exception: its type's name, its message (cut at some hundred characters), and the line of the
    caller's own code where it passed last; None if that is not known. As the code itself says: not to be trusted."""

    type: str
    message: str
    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """``exit_code`` is 128 + n when signal n ended it; None if it never ran or was killed for a limit.

    ``duration`` is wall-clock time from handing over the code to its end. ``cpu_time`` and ``peak_memory_bytes`` are
    of the whole container as its engine counts them, under gVisor with gVisor's own part; None where the engine gave
    none. Output beyond its limit is cut, and ``output_is_cut`` says so. ``files_left_out`` names collected files that
    did not fit. ``message`` says in a sentence what ended the run.
    """

    outcome: Outcome
    message: str
    exit_code: int | None = None
    raw_stdout: bytes = b""
    raw_stderr: bytes = b""
    output_is_cut: bool = False
    duration: timedelta = timedelta()
    cpu_time: timedelta | None = None
    peak_memory_bytes: int | None = None
    exception: PythonError | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    files_left_out: Sequence[str] = ()
    was_warm: bool = False
    runtime: str = ""
    risk: RiskReport | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", MappingProxyType(dict(self.files)))
        object.__setattr__(self, "files_left_out", tuple(self.files_left_out))

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


def explanation(
    outcome: Outcome, limits: SandboxLimits, exit_code: int | None = None, exception: PythonError | None = None
) -> str:
    """What ended a run, in a sentence that says what to do where something can be done."""
    match outcome:
        case Outcome.FINISHED:
            return "finished"
        case Outcome.SYNTAX_ERROR | Outcome.ERROR if exception is not None:
            where = f"{exception.file}, line {exception.line}" if exception.line else exception.file
            said = f"{exception.type}: {exception.message}" if exception.message else exception.type
            return f"{where}: {said}" if where else said
        case Outcome.SYNTAX_ERROR:
            return "the code is not Python"
        case Outcome.ERROR:
            return f"exited with code {exit_code}"
        case Outcome.TIMEOUT:
            return f"killed: ran longer than {limits.timeout.total_seconds():g} s (limits.timeout)"
        case Outcome.OUT_OF_MEMORY:
            return f"out of memory: took more than {limits.memory_bytes // MIB} MiB (limits.memory_bytes)"
        case Outcome.OUTPUT_LIMIT:
            return f"killed: printed more than {limits.output_bytes} bytes (limits.output_bytes); the rest is cut"
        case Outcome.KILLED:
            reason = ExitReason.from_status(exit_code or 0)
            return str(reason) if reason.kind is ExitKind.SIGNAL else "killed: its container ended, and it with that"
        case Outcome.REFUSED:
            return "refused: scored too high"
