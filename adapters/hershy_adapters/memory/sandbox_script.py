"""What a piece of code is said to do in an in-memory sandbox, step by step."""

import signal as signals
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import get_args

from hershy.core.file_tree import require_relative_path
from hershy.errors import InvalidValue
from hershy.sandbox.domain.job import MAIN, SandboxJob

FOREVER = timedelta.max
"""Longer than any timeout."""

Text = str | bytes | Callable[[SandboxJob], str | bytes]
"""Given a function, a step asks it of the job at hand: ``lambda job: job.input`` is what code that echoes has."""


@dataclass(frozen=True, slots=True)
class Print:
    """Write ``what``, ``times`` over, to standard output, or to standard error. No line end is added."""

    what: Text
    to_stderr: bool = False
    times: int = 1


@dataclass(frozen=True, slots=True)
class Wait:
    """Let wall-clock time pass, idly."""

    time: timedelta = FOREVER


@dataclass(frozen=True, slots=True)
class Compute:
    """Take processor time, on one core: with a limit of half a core that is twice as long by the clock."""

    time: timedelta = FOREVER


@dataclass(frozen=True, slots=True)
class Take:
    """Memory, that is kept until the end."""

    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Write:
    """A file into the working directory, in place of one that is there."""

    path: str
    content: Text = b""


@dataclass(frozen=True, slots=True)
class Raise:
    """An exception that nobody catches: its type's name, and where in the caller's own code it passed last."""

    type: str
    message: str = ""
    line: int = 1
    file: str = MAIN


@dataclass(frozen=True, slots=True)
class Exit:
    code: int


@dataclass(frozen=True, slots=True)
class Die:
    """By a signal."""

    signal: int = signals.SIGKILL


Step = Print | Wait | Compute | Take | Write | Raise | Exit | Die
Steps = tuple[Step, ...]

_LAST = (Raise, Exit, Die)


def checked(steps: Iterable[Step]) -> Steps:
    """Raises InvalidValue, naming the step, for one that could never be taken."""
    script = tuple(steps)
    for number, step in enumerate(script, 1):
        problem = _problem(step)
        if problem is None and isinstance(step, _LAST) and number < len(script):
            problem = "ends the run; nothing can come after it"
        if problem is not None:
            raise InvalidValue(f"script: step {number}, {step!r:.80}, {problem}")
    return script


def _problem(step: object) -> str | None:
    match step:
        case Print(times=times) if times < 0:
            return "cannot be printed less than no times"
        case Wait(time=time) | Compute(time=time) if time < timedelta():
            return "takes less than no time"
        case Take(memory_bytes=size) if size < 0:
            return "takes less than no memory"
        case Write(path=path):
            require_relative_path("script", path)
        case Exit(code=code) if not 0 <= code <= 255:
            return "is not an exit code: 0 to 255"
        case Die(signal=number) if not 0 < number < signals.NSIG:
            return "is not a signal"
        case _ if not isinstance(step, get_args(Step)):
            return "is not a step; see hershy_adapters.memory.sandbox_script"
    return None
