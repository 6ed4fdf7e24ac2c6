"""The twin of Sandbox: the contract, and what it adds to it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from hershy.core.resources import MIB
from hershy.errors import EngineUnavailable, ImageNotFound, InvalidValue, Unavailable
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits
from hershy.sandbox.domain.result import Outcome, PythonError
from hershy.testing.contracts.sandbox import POOL_SIZE, Containers, Sample, SandboxContract, Teach
from hershy_adapters.memory.clock import VirtualClock
from hershy_adapters.memory.sandbox import DEFAULT_IMAGE, STARTING, InMemorySandbox
from hershy_adapters.memory.sandbox_script import Compute, Die, Exit, Print, Raise, Step, Take, Wait, Write

CODE = "print('as it is scripted')"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest_asyncio.fixture
async def sandbox(clock: VirtualClock) -> AsyncIterator[InMemorySandbox]:
    sandbox = InMemorySandbox(clock, POOL_SIZE)
    yield sandbox
    await sandbox.aclose()


class TestContract(SandboxContract):
    @pytest.fixture
    def clock(self) -> VirtualClock:
        return VirtualClock()

    @pytest_asyncio.fixture
    async def sandbox(self, clock: VirtualClock) -> AsyncIterator[InMemorySandbox]:
        sandbox = InMemorySandbox(clock, POOL_SIZE)
        sandbox.forget_image("no-such-image:latest")
        yield sandbox
        await sandbox.aclose()

    @pytest.fixture
    def unreachable_sandbox(self, clock: VirtualClock) -> InMemorySandbox:
        sandbox = InMemorySandbox(clock)
        sandbox.is_down = True
        return sandbox

    @pytest.fixture
    def containers(self, sandbox: InMemorySandbox) -> Containers:
        async def containers() -> int:
            return sandbox.containers

        return containers

    @pytest.fixture
    def missing_image(self) -> str:
        return "no-such-image:latest"

    @pytest.fixture
    def plain_image(self) -> str:
        return "busybox:latest"

    @pytest.fixture
    def teach(self, sandbox: InMemorySandbox) -> Teach:
        def teach(sample: Sample) -> None:
            if sample.steps is not None:
                sandbox.script(sample.command or sample.code or "", sample.steps)

        return teach


# scripts


async def test_code_without_a_script_is_checked_and_never_executed(sandbox: InMemorySandbox) -> None:
    """What it would do, raise or print does not happen; whether it is Python is seen."""
    result = await sandbox.run(SandboxJob("raise SystemExit(print('here'))"))
    assert (result.outcome, result.stdout, result.runtime) == (Outcome.FINISHED, "", "memory")
    result = await sandbox.run(SandboxJob("x = 1\nx +\n"))
    assert result.outcome is Outcome.SYNTAX_ERROR
    assert result.exception == PythonError("SyntaxError", "invalid syntax", "main.py", 2)


@pytest.mark.parametrize("code", ["x = 1\0", "(" * 10_000, "x = '\\d'", "return 1", "é = 'ü'"])
async def test_odd_code_is_an_outcome(sandbox: InMemorySandbox, code: str) -> None:
    """Whatever stands in the code, nothing is raised, nor warned of."""
    result = await sandbox.run(SandboxJob(code))
    is_python = code.startswith(("x = '", "é"))
    assert result.outcome is (Outcome.FINISHED if is_python else Outcome.SYNTAX_ERROR)


async def test_scripts_are_chosen_by_code_command_or_predicate(sandbox: InMemorySandbox) -> None:
    """The latest that fits a job counts; others have nothing to say."""
    sandbox.script(lambda job: "danger" in (job.code or ""), [Print("matched")])
    sandbox.script(CODE, [Print("first")])
    sandbox.script(CODE, [Print("second")])
    sandbox.script(["ls", "-l"], [Print("listed")])
    jobs = [SandboxJob(CODE), SandboxJob("danger = 1"), SandboxJob(command=["ls", "-l"]), SandboxJob(command=["ls"])]
    assert [(await sandbox.run(job)).stdout for job in jobs] == ["second", "matched", "listed", ""]
    assert list(sandbox.ran) == jobs


async def test_syntax_only_takes_no_script(sandbox: InMemorySandbox) -> None:
    """Nothing runs, and nothing is said to have run."""
    sandbox.script(CODE, [Exit(3)])
    assert (await sandbox.run(SandboxJob(CODE), syntax_only=True)).outcome is Outcome.FINISHED
    assert not sandbox.ran


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([Print("x"), Exit(1), Print("y")], r"script: step 2, Exit\(code=1\), ends the run; nothing can come after it"),
        ([Raise("ValueError"), Wait()], "step 1, .*, ends the run"),
        ([Print("x", times=-1)], "step 1, .*, cannot be printed less than no times"),
        ([Wait(timedelta(seconds=-1))], "step 1, .*, takes less than no time"),
        ([Compute(timedelta(seconds=-1))], "step 1, .*, takes less than no time"),
        ([Take(-1)], "step 1, .*, takes less than no memory"),
        ([Write("/etc/passwd", "x")], "script: the path '/etc/passwd' is absolute"),
        ([Exit(256)], "step 1, .*, is not an exit code"),
        ([Die(0)], "step 1, .*, is not a signal"),
        (["print"], "step 1, 'print', is not a step"),
        ([Print], "step 1, .*, is not a step"),
    ],
)
def test_scripts_that_cannot_be(sandbox: InMemorySandbox, steps: list[Any], message: str) -> None:
    """They are refused when they are given, naming the step."""
    with pytest.raises(InvalidValue, match=message):
        sandbox.script(CODE, steps)


# limits


async def outcome(sandbox: InMemorySandbox, *steps: Step, **limits: Any) -> Outcome:
    sandbox.script(CODE, steps)
    return (await sandbox.run(SandboxJob(CODE, limits=SandboxLimits(**limits)))).outcome


async def test_time_passes_on_the_clock_alone(sandbox: InMemorySandbox, clock: VirtualClock) -> None:
    """A run takes what its steps take, after what a cold container takes to be made."""
    sandbox.script(CODE, [Wait(timedelta(seconds=3)), Compute(timedelta(seconds=2)), Wait(timedelta(seconds=4))])
    result = await sandbox.run(SandboxJob(CODE))
    assert result.duration.total_seconds() == pytest.approx(9)
    assert result.cpu_time is not None
    assert result.cpu_time.total_seconds() == pytest.approx(2)
    assert clock.monotonic() == pytest.approx(9 + STARTING.total_seconds())


async def test_time_adds_up_to_the_limit(sandbox: InMemorySandbox) -> None:
    """Steps that are each short enough are too long together; less than the limit is not."""
    assert await outcome(sandbox, *[Wait(timedelta(seconds=4))] * 3) is Outcome.TIMEOUT
    assert await outcome(sandbox, *[Wait(timedelta(seconds=4))] * 2) is Outcome.FINISHED
    assert await outcome(sandbox, Compute(timedelta(seconds=6)), cpus=0.5) is Outcome.TIMEOUT
    assert await outcome(sandbox, Compute(timedelta(seconds=6)), cpus=4) is Outcome.FINISHED


async def test_memory_adds_up_to_the_limit(sandbox: InMemorySandbox) -> None:
    """What is taken counts, and what lies in the working directory."""
    sizes = {"memory_bytes": 64 * MIB}
    assert await outcome(sandbox, Take(30 * MIB), **sizes) is Outcome.FINISHED
    assert await outcome(sandbox, Take(30 * MIB), Take(30 * MIB), **sizes) is Outcome.OUT_OF_MEMORY
    assert await outcome(sandbox, Take(30 * MIB), Write("x", b"x" * (30 * MIB)), **sizes) is Outcome.OUT_OF_MEMORY


async def test_working_directory_that_is_full(sandbox: InMemorySandbox) -> None:
    """Writing more than fits is an error of the code's own; what fitted is kept."""
    sandbox.script(CODE, [Write("a", b"x" * 60_000), Write("b", b"x" * 60_000), Print("never")])
    result = await sandbox.run(SandboxJob(CODE, collect=["a", "b"], limits=SandboxLimits(work_bytes=100_000)))
    assert result.outcome is Outcome.ERROR
    assert result.exception is not None
    assert result.exception.message == "[Errno 28] No space left on device"
    assert set(result.files) == {"a"}


async def test_traceback_counts_as_output(sandbox: InMemorySandbox) -> None:
    """An exception that finds no room to be told ends as too much output."""
    assert await outcome(sandbox, Print("x" * 10), Raise("ValueError"), output_bytes=12) is Outcome.OUTPUT_LIMIT


async def test_what_is_killed_hands_out_no_files(sandbox: InMemorySandbox) -> None:
    """After a timeout nobody is left in the container to ask."""
    sandbox.script(CODE, [Write("a.txt", "a"), Wait()])
    result = await sandbox.run(SandboxJob(CODE, collect=["."]))
    assert (result.outcome, result.files) == (Outcome.TIMEOUT, {})


async def test_killed_run_tells_what_there_was(sandbox: InMemorySandbox, clock: VirtualClock) -> None:
    """Closing kills what runs; its output until then is in the result, and its time."""
    await sandbox.warm()
    sandbox.script(CODE, [Print("before"), Compute(timedelta(seconds=8))])
    running = asyncio.ensure_future(sandbox.run(SandboxJob(CODE)))
    await clock.sleep(timedelta(seconds=3))
    await sandbox.aclose()
    result = await running
    assert (result.outcome, result.exit_code, result.stdout) == (Outcome.KILLED, 137, "before")
    assert result.cpu_time is not None
    assert result.cpu_time.total_seconds() == pytest.approx(3)


# the engine


async def test_images(sandbox: InMemorySandbox) -> None:
    """Every image is there until it is forgotten, the one for Python too."""
    await sandbox.run(SandboxJob(command=["ls"], image="busybox"))
    sandbox.forget_image("busybox")
    with pytest.raises(ImageNotFound, match="busybox"):
        await sandbox.run(SandboxJob(command=["ls"], image="busybox"))
    sandbox.forget_image(DEFAULT_IMAGE)
    for call in (lambda: sandbox.run(SandboxJob(CODE)), sandbox.warm):
        with pytest.raises(ImageNotFound, match=DEFAULT_IMAGE):
            await call()


async def test_engine_that_is_down(sandbox: InMemorySandbox) -> None:
    """Nothing works while it is; everything does afterwards."""
    sandbox.is_down = True
    for call in (lambda: sandbox.run(SandboxJob(CODE)), sandbox.warm, sandbox.reap):
        with pytest.raises(EngineUnavailable):
            await call()
    sandbox.is_down = False
    assert (await sandbox.run(SandboxJob(CODE))).is_success


async def test_reap_finds_what_was_abandoned(sandbox: InMemorySandbox) -> None:
    """Once."""
    sandbox.abandoned = 3
    assert [await sandbox.reap(), await sandbox.reap()] == [3, 0]


async def test_without_a_pool(clock: VirtualClock) -> None:
    """Every run is cold; ``warm`` has nothing to wait for."""
    sandbox = InMemorySandbox(clock, pool_size=0)
    await sandbox.warm()
    assert not (await sandbox.run(SandboxJob(CODE))).was_warm
    assert (sandbox.idle, sandbox.containers) == (0, 0)


async def test_closing_ends_a_wait_for_the_pool(sandbox: InMemorySandbox) -> None:
    """Whoever waits for a pool that is being closed is told."""
    warming = asyncio.ensure_future(sandbox.warm())
    await asyncio.sleep(0)
    await sandbox.aclose()
    with pytest.raises(Unavailable, match="closed"):
        await warming


async def test_warm_containers_are_used_once(sandbox: InMemorySandbox) -> None:
    """Of more runs at once than there are, only so many are warm."""
    await sandbox.warm()
    results = await asyncio.gather(*(sandbox.run(SandboxJob(CODE)) for _ in range(POOL_SIZE + 2)))
    assert [result.was_warm for result in results] == [True, True, False, False]


async def test_cancelled_run_goes_no_further(sandbox: InMemorySandbox, clock: VirtualClock) -> None:
    """No later step is taken, also when the sandbox is closed at the same moment; the caller is cancelled."""
    await sandbox.warm()
    taken: list[SandboxJob] = []

    def take(job: SandboxJob) -> str:
        taken.append(job)
        return ""

    sandbox.script(CODE, [Wait(timedelta(seconds=1)), Print(take)])
    for is_closed in (False, True):
        running = asyncio.ensure_future(sandbox.run(SandboxJob(CODE)))
        await clock.sleep(timedelta(seconds=0.5))
        if is_closed:
            closing = asyncio.ensure_future(sandbox.aclose())
            running.cancel()
            await closing
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await clock.sleep(timedelta(seconds=5))
    assert not taken
