"""One run of a script, held to the limits of its job as an engine would hold it."""

import warnings
from dataclasses import dataclass
from datetime import timedelta

from hershy.core.clock import Clock
from hershy.core.resources import MIB
from hershy.sandbox.domain.job import EVERYTHING, MAIN, WORK_DIR, SandboxJob
from hershy.sandbox.domain.result import Outcome, PythonError, SandboxResult, explanation

from .sandbox_script import FOREVER, Compute, Die, Exit, Print, Raise, Steps, Take, Text, Wait, Write
from .sandbox_script import Step as AnyStep

INTERPRETER_BYTES = 8 * MIB
"""What a run takes that takes nothing."""
SIGKILL_CODE = 137
_MAX_LEFT_OUT = 100


@dataclass(frozen=True, slots=True)
class Ending:
    outcome: Outcome
    code: int | None = None
    exception: PythonError | None = None


_TIMEOUT = Ending(Outcome.TIMEOUT)
_WITHOUT_FILES = (Outcome.TIMEOUT, Outcome.OUTPUT_LIMIT)
"""Killed from outside: nobody is left in the container to hand out files."""


class ScriptedRun:
    """Begins when it is made. ``perform`` once; cancelled, ``killed`` tells what there was until then."""

    def __init__(self, job: SandboxJob, clock: Clock) -> None:
        self._job = job
        self._clock = clock
        self._began = clock.monotonic()
        self._files = dict(job.contents)
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._cpu_time = timedelta()
        self._taken_bytes = self._peak_bytes = 0
        self._is_cut = False
        self._note_memory()

    async def perform(self, steps: Steps) -> SandboxResult:
        for step in steps:
            ending = await self._take(step)
            if ending is not None:
                return self._result(ending)
        return self._result(Ending(Outcome.FINISHED, 0))

    def check_syntax(self) -> SandboxResult | None:
        """None if the code is Python, as far as the Python that runs this can tell. Nothing of it is run."""
        error = syntax_error(self._job.code or "")
        if error is None:
            return None
        self._print(f"{_place(error)}{error.type}: {error.message}\n".encode(), self._stderr)
        return self._result(Ending(Outcome.SYNTAX_ERROR, 1, error))

    def killed(self) -> SandboxResult:
        return self._result(Ending(Outcome.KILLED, SIGKILL_CODE))

    async def _take(self, step: AnyStep) -> Ending | None:
        match step:
            case Print(what, to_stderr, times):
                return self._print(self._text(what), self._stderr if to_stderr else self._stdout, times)
            case Wait(time):
                return await self._wait(time)
            case Compute(time):
                return await self._compute(time)
            case Take(memory_bytes):
                self._taken_bytes += memory_bytes
                return self._note_memory()
            case Write(path, content):
                return self._write(path, self._text(content))
            case Raise():
                return self._raise(PythonError(step.type, step.message, step.file, step.line))
            case Exit(code):
                return Ending(Outcome.ERROR if code else Outcome.FINISHED, code)
            case Die(number):
                return Ending(Outcome.KILLED, 128 + number)

    def _print(self, what: bytes, to: bytearray, times: int = 1) -> Ending | None:
        room = self._job.limits.output_bytes - len(self._stdout) - len(self._stderr)
        if len(what) * times <= room:
            to += what * times
            return None
        to += (what * (room // len(what) + 1))[:room]
        self._is_cut = True
        return Ending(Outcome.OUTPUT_LIMIT)

    async def _wait(self, time: timedelta) -> Ending | None:
        left = self._job.limits.timeout - self._elapsed()
        await self._clock.sleep(min(time, left))
        return _TIMEOUT if time > left else None

    async def _compute(self, time: timedelta) -> Ending | None:
        speed = min(1.0, self._job.limits.cpus)
        began = self._elapsed()
        try:
            return await self._wait(FOREVER if time > self._job.limits.timeout else time / speed)
        finally:
            self._cpu_time += min(time, (self._elapsed() - began) * speed)

    def _write(self, path: str, content: bytes) -> Ending | None:
        self._files[path] = content
        if sum(map(len, self._files.values())) <= self._job.limits.work_bytes:
            return self._note_memory()
        del self._files[path]
        return self._raise(PythonError("OSError", "[Errno 28] No space left on device", MAIN, None))

    def _raise(self, error: PythonError) -> Ending | None:
        said = f"{error.type}: {error.message}" if error.message else error.type
        text = f"Traceback (most recent call last):\n{_place(error)}{said}\n"
        outcome = Outcome.OUT_OF_MEMORY if error.type == MemoryError.__name__ else Outcome.ERROR
        return self._print(text.encode(), self._stderr) or Ending(outcome, 1, error)

    def _note_memory(self) -> Ending | None:
        """What lies in the working directory is memory too."""
        now, most = INTERPRETER_BYTES + self._taken_bytes + self._in_files, self._job.limits.memory_bytes
        self._peak_bytes = min(most, max(self._peak_bytes, now))
        return Ending(Outcome.OUT_OF_MEMORY, SIGKILL_CODE) if now > most else None

    @property
    def _in_files(self) -> int:
        return sum(map(len, self._files.values()))

    def _text(self, what: Text) -> bytes:
        text = what(self._job) if callable(what) else what
        return text.encode() if isinstance(text, str) else bytes(text)

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=self._clock.monotonic() - self._began)

    def _result(self, ending: Ending) -> SandboxResult:
        files, left_out = self._collected() if ending.outcome not in _WITHOUT_FILES else ({}, [])
        return SandboxResult(
            ending.outcome,
            explanation(ending.outcome, self._job.limits, ending.code, ending.exception),
            exit_code=ending.code,
            raw_stdout=bytes(self._stdout),
            raw_stderr=bytes(self._stderr),
            output_is_cut=self._is_cut,
            duration=self._elapsed(),
            cpu_time=self._cpu_time,
            peak_memory_bytes=self._peak_bytes,
            exception=ending.exception,
            files=files,
            files_left_out=left_out,
        )

    def _collected(self) -> tuple[dict[str, bytes], list[str]]:
        found: dict[str, bytes] = {}
        left_out: list[str] = []
        room = self._job.limits.files_bytes
        for path, content in sorted(self._files.items()):
            if not any(wanted in (EVERYTHING, path) or path.startswith(f"{wanted}/") for wanted in self._job.collect):
                continue
            if len(content) <= room:
                room -= len(content)
                found[path] = content
            elif len(left_out) < _MAX_LEFT_OUT:
                left_out.append(path)
        return found, left_out


def syntax_error(code: str) -> PythonError | None:
    """What ``compile`` says of the code; it is never executed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an invalid escape, say; it runs all the same
            compile(code, f"{WORK_DIR}/{MAIN}", "exec", dont_inherit=True)
    except SyntaxError as error:
        return PythonError(type(error).__name__, error.msg, MAIN, error.lineno)
    except (ValueError, MemoryError, RecursionError) as error:  # a NUL; nested too deeply
        return PythonError(type(error).__name__, str(error), MAIN, None)
    return None


def _place(error: PythonError) -> str:
    """As a traceback has it."""
    return f'  File "{WORK_DIR}/{error.file}", line {error.line}\n' if error.line else ""
