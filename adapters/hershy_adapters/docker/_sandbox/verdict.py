"""How a run ended, told from what was seen of it, what its bootstrap says, and what the engine says."""

import asyncio
import signal
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hershy.core.exits import ExitKind
from hershy.core.ids import ContainerID
from hershy.errors import ContainerNotFound, EngineUnavailable
from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import Outcome, PythonError, SandboxResult, explanation

from .._container.exits import exit_reason
from .._container.kernel_log import was_killed_for_memory
from .._container.policy import ContainerPolicy
from .._engine import Engine
from .._errors import translated
from .figures import Used
from .transcript import Phase, Transcript
from .wire import Answer, read_answer

_COMPILING = "compile"
_MEMORY_ERROR = "MemoryError"


@dataclass(frozen=True, slots=True)
class RunExit:
    """What was seen. ``before`` and ``after``: what the container had used when it got its job, and at the end."""

    job: SandboxJob
    transcript: Transcript
    elapsed_s: float
    before: Used | None
    after: Used | None
    timed_out: bool
    was_warm: bool


async def result_of(
    run_exit: RunExit, engine: Engine, container_id: ContainerID, policy: ContainerPolicy
) -> SandboxResult:
    """Raises EngineUnavailable when the code may still run and nothing is heard of it any more."""
    if run_exit.timed_out:
        return _result(run_exit, policy, Outcome.TIMEOUT)
    if run_exit.transcript.phase is Phase.OVERFLOWN:
        return _result(run_exit, policy, Outcome.OUTPUT_LIMIT)
    answer = _answer(run_exit)
    if answer is None:
        outcome, code = await _by_the_engine(engine, container_id, policy)
        return _result(run_exit, policy, outcome, code)
    outcome = _by_the_answer(answer)
    if _may_be_out_of_memory(answer, policy) and await _ran_out_of_memory(engine, container_id):
        outcome = Outcome.OUT_OF_MEMORY
    return _result(run_exit, policy, outcome, answer.code, answer)


def _answer(run_exit: RunExit) -> Answer | None:
    if run_exit.transcript.phase not in (Phase.ANSWERING, Phase.COMPLETE):
        return None
    try:
        return read_answer(run_exit.transcript.answer, run_exit.job.collect)
    except (ValueError, LookupError):  # no bootstrap says that: the code has meddled with its own
        return Answer(code=1)


def _by_the_answer(answer: Answer) -> Outcome:
    if answer.error_type and answer.code:
        if answer.stage == _COMPILING:
            return Outcome.SYNTAX_ERROR
        if answer.error_type == _MEMORY_ERROR:
            return Outcome.OUT_OF_MEMORY
    if answer.signal is not None:
        return Outcome.KILLED
    return Outcome.ERROR if answer.code else Outcome.FINISHED


def _may_be_out_of_memory(answer: Answer, policy: ContainerPolicy) -> bool:
    """Whether it ended as what the kernel kills for its memory does, also when a sandbox around it tells of it."""
    return answer.signal == signal.SIGKILL or (answer.code in policy.killed_codes and not answer.error_type)


async def _by_the_engine(
    engine: Engine, container_id: ContainerID, policy: ContainerPolicy
) -> tuple[Outcome, int | None]:
    """The whole container has ended, its bootstrap with it."""
    try:
        account = await _inspected(engine, container_id)
    except ContainerNotFound:
        return Outcome.KILLED, None
    reason = await exit_reason(account, policy.killed_codes)
    if reason is None:
        raise EngineUnavailable(f"the sandbox {container_id} is out of reach: the engine has broken off its output")
    if reason.kind is ExitKind.OUT_OF_MEMORY:
        return Outcome.OUT_OF_MEMORY, reason.code
    return Outcome.KILLED, reason.code


async def _ran_out_of_memory(engine: Engine, container_id: ContainerID) -> bool:
    """The engine notes it for any process of the container; what it has missed, the kernel's log may have."""
    try:
        account = await _inspected(engine, container_id)
    except ContainerNotFound:
        return False
    return bool(account["State"].get("OOMKilled")) or await asyncio.to_thread(was_killed_for_memory, container_id)


async def _inspected(engine: Engine, container_id: ContainerID) -> dict[str, Any]:
    with translated("inspecting the sandbox", container_id):
        return await engine.client.containers.container(str(container_id)).show()


def _result(
    run_exit: RunExit,
    policy: ContainerPolicy,
    outcome: Outcome,
    code: int | None = None,
    answer: Answer = Answer(0),
) -> SandboxResult:
    job, stdout_stderr = run_exit.job, run_exit.transcript.output
    exception = None
    if answer.error_type and answer.code:
        exception = PythonError(answer.error_type, answer.error_message, answer.error_file, answer.error_line)
    stdout, stderr, is_cut = stdout_stderr
    if is_cut:  # it ended by itself before it could be killed for that
        outcome, code, exception = (Outcome.OUTPUT_LIMIT, None, None)
    return SandboxResult(
        outcome,
        explanation(outcome, job.limits, code, exception),
        exit_code=code,
        raw_stdout=stdout,
        raw_stderr=stderr,
        output_is_cut=is_cut,
        duration=timedelta(seconds=run_exit.elapsed_s),
        cpu_time=_cpu_time(run_exit),
        peak_memory_bytes=_peak(run_exit, outcome, answer),
        exception=exception,
        files=answer.files,
        files_left_out=answer.left_out,
        was_warm=run_exit.was_warm,
        runtime=policy.runtime,
    )


def _cpu_time(run_exit: RunExit) -> timedelta | None:
    if run_exit.after is None:
        return None
    return run_exit.after.cpu_time - (run_exit.before.cpu_time if run_exit.before else timedelta())


def _peak(run_exit: RunExit, outcome: Outcome, answer: Answer) -> int | None:
    """Where the engine counts no peaks, that of the code's largest process as the bootstrap says it."""
    if run_exit.after is not None and run_exit.after.peak_memory_bytes is not None:
        return run_exit.after.peak_memory_bytes
    if outcome is Outcome.OUT_OF_MEMORY and run_exit.after is None:  # killed with all it had
        return run_exit.job.limits.memory_bytes
    return answer.peak_rss_bytes
