"""SandboxService on twins: what it runs, what it refuses, what it tells of both."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest

from hershy.access.principals import Principal
from hershy.core.ids import UserID
from hershy.errors import EngineUnavailable, ImageNotFound, InvalidValue, QuotaExceeded, RuntimeFailure
from hershy.sandbox.application.policy import SandboxPolicy
from hershy.sandbox.application.service import SandboxService
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits
from hershy.sandbox.domain.result import Outcome
from hershy.sandbox.domain.risk import Reason, RiskReport
from hershy.sandbox.ports.code_analyzer import CodeAnalyzer
from hershy.sandbox.ports.sandbox import DEFAULT_IMAGE
from hershy.testing.faults.sandbox import FailingSandbox, SlowSandbox
from hershy_adapters.memory.clock import VirtualClock
from hershy_adapters.memory.sandbox import InMemorySandbox
from hershy_adapters.memory.sandbox_script import Exit, Print, Wait

ALICE, BOB = Principal("alice's", UserID("alice")), Principal("bob's", UserID("bob"))
HARMLESS, RISKY, UNREADABLE = "x = 1", "danger = 'danger'", "unreadable = 1"
POINTS = 20


class WordAnalyzer(CodeAnalyzer):
    """``danger`` is worth 20 points each time; code that says ``unreadable`` cannot be read."""

    def __init__(self) -> None:
        self.seen: list[Mapping[str, str]] = []

    async def analyze(self, files: Mapping[str, str]) -> RiskReport:
        self.seen.append(files)
        text = "\n".join(files.values())
        reasons = [Reason("danger", POINTS, f"danger number {i}", "main.py", i) for i in range(text.count("danger"))]
        return RiskReport(reasons, unreadable="the code takes too long to read" if "unreadable" in text else "")

    async def aclose(self) -> None:
        """Nothing to release."""


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def sandbox(clock: VirtualClock) -> AsyncIterator[InMemorySandbox]:
    sandbox = InMemorySandbox(clock)
    yield sandbox
    await sandbox.aclose()


@pytest.fixture
def analyzer() -> WordAnalyzer:
    return WordAnalyzer()


@pytest.fixture
def service(sandbox: InMemorySandbox, analyzer: WordAnalyzer) -> SandboxService:
    return SandboxService(sandbox, analyzer)


# the score


async def test_harmless_code_runs(service: SandboxService, sandbox: InMemorySandbox) -> None:
    """A text is Python code; its report is in the result."""
    sandbox.script(HARMLESS, [Print("ran")])
    result = await service.run(HARMLESS)
    assert (result.outcome, result.stdout, result.runtime) == (Outcome.FINISHED, "ran", "memory")
    assert result.risk == RiskReport()


async def test_risky_code_is_refused(service: SandboxService, sandbox: InMemorySandbox) -> None:
    """It is not run, and the result says why, the worst first."""
    result = await service.run(RISKY)
    assert (result.outcome, result.exit_code, result.runtime) == (Outcome.REFUSED, None, "memory")
    assert result.message == (
        "refused: scored 40, of 30 at which code is refused: "
        "main.py, line 0: danger number 0; main.py, line 1: danger number 1"
    )
    assert result.risk is not None
    assert result.risk.score == 2 * POINTS
    assert (len(sandbox.ran), sandbox.containers) == (0, 0)


async def test_threshold_of_the_caller(service: SandboxService) -> None:
    """Code is refused at the threshold itself, and runs below it."""
    assert (await service.run(RISKY, threshold=41)).outcome is Outcome.FINISHED
    assert (await service.run(RISKY, threshold=40)).outcome is Outcome.REFUSED
    assert (await service.run("danger", threshold=20)).outcome is Outcome.REFUSED
    with pytest.raises(InvalidValue, match="risk threshold"):
        await service.run(HARMLESS, threshold=0)


async def test_without_the_check(service: SandboxService) -> None:
    """Whatever the score, the code runs, and the score is told."""
    result = await service.run(RISKY, check=False)
    assert result.outcome is Outcome.FINISHED
    assert result.risk is not None
    assert result.risk.score == 2 * POINTS


async def test_operator_who_wants_checks(sandbox: InMemorySandbox, analyzer: WordAnalyzer) -> None:
    """Callers can be stricter than the operator, not laxer."""
    service = SandboxService(sandbox, analyzer, SandboxPolicy(threshold=20, check_required=True))
    with pytest.raises(InvalidValue, match="check: this Host runs no code unchecked"):
        await service.run(RISKY, check=False)
    assert (await service.run("danger", threshold=1000)).outcome is Outcome.REFUSED
    assert not sandbox.ran


async def test_every_python_file_is_looked_at(service: SandboxService, analyzer: WordAnalyzer) -> None:
    """Those handed in beside the code too; those that are not Python are not."""
    job = SandboxJob("import helper", files={"helper.py": "danger, danger", "data.txt": "danger"})
    assert (await service.run(job)).outcome is Outcome.REFUSED
    assert analyzer.seen == [{"main.py": "import helper", "helper.py": "danger, danger"}]
    assert (await service.analyze(job)).score == 2 * POINTS


async def test_unreadable_code_is_refused(service: SandboxService, sandbox: InMemorySandbox) -> None:
    """Where only the analyzer cannot read it, nothing can be said of its risk."""
    result = await service.run(UNREADABLE)
    assert result.outcome is Outcome.REFUSED
    assert result.message == ("refused: the code takes too long to read, so that nothing can be said of its risk")
    assert not sandbox.ran


async def test_unreadable_code_that_is_not_python(service: SandboxService, sandbox: InMemorySandbox) -> None:
    """Where the interpreter cannot read it either, that is a syntax error like any other, with its report."""
    result = await service.run(UNREADABLE + "\nx = (")
    assert result.outcome is Outcome.SYNTAX_ERROR
    assert result.exception is not None
    assert result.exception.line == 2
    assert result.risk is not None
    assert result.risk.unreadable
    assert not sandbox.ran


async def test_unreadable_code_unchecked(service: SandboxService, sandbox: InMemorySandbox) -> None:
    """Without the check it runs."""
    assert (await service.run(UNREADABLE, check=False)).outcome is Outcome.FINISHED
    assert len(sandbox.ran) == 1


async def test_commands_have_no_code_to_read(service: SandboxService) -> None:
    """A command whose files cannot be read runs: what they are is not known."""
    job = SandboxJob(command=["sh", "run.sh"], files={"lib.py": UNREADABLE})
    assert (await service.run(job)).outcome is Outcome.FINISHED


# what the operator allows


async def test_limits_of_the_operator(sandbox: InMemorySandbox, analyzer: WordAnalyzer) -> None:
    """They stand where a job asks for none; a job that asks for more than the most is not run."""
    policy = SandboxPolicy(limits=SandboxLimits(pids=7), max_limits=SandboxLimits(memory_bytes=512 * 2**20))
    service = SandboxService(sandbox, analyzer, policy)
    await service.run(HARMLESS)
    assert sandbox.ran[-1].limits == SandboxLimits(pids=7)
    with pytest.raises(InvalidValue, match="limits: memory_bytes may be at most 536870912"):
        await service.run(SandboxJob(HARMLESS, limits=SandboxLimits(memory_bytes=2**30)))
    assert len(sandbox.ran) == 1


async def test_images_of_the_operator(sandbox: InMemorySandbox, analyzer: WordAnalyzer) -> None:
    """An image that is not allowed is not run; the one for Python needs no leave."""
    service = SandboxService(sandbox, analyzer, SandboxPolicy(allowed_images=("busybox",)))
    assert (await service.run(SandboxJob(command=["ls"], image="busybox"))).is_success
    assert (await service.run(HARMLESS)).is_success
    with pytest.raises(InvalidValue, match="sandbox_allowed_images"):
        await service.run(SandboxJob(command=["ls"], image="alpine"))


# slots


async def test_runs_wait_for_each_other(sandbox: InMemorySandbox, analyzer: WordAnalyzer, clock: VirtualClock) -> None:
    """No more are under way than there may be; those that wait have their turn."""
    sandbox.script(HARMLESS, [Wait(timedelta(seconds=1))])
    service = SandboxService(sandbox, analyzer, SandboxPolicy(at_once=2, queue=4))
    await service.warm()
    began = clock.monotonic()
    results = await asyncio.gather(*(service.run(HARMLESS) for _ in range(6)))
    assert [result.outcome for result in results] == [Outcome.FINISHED] * 6
    assert 3 <= clock.monotonic() - began < 4


async def test_too_many_runs(sandbox: InMemorySandbox, analyzer: WordAnalyzer) -> None:
    """Who comes when the queue is full is told so at once; one user's share does not bother another."""
    sandbox.script(HARMLESS, [Wait(timedelta(seconds=1))])
    service = SandboxService(sandbox, analyzer, SandboxPolicy(at_once=2, at_once_per_user=2, queue=1))
    alices = [asyncio.ensure_future(service.run(HARMLESS, by=ALICE)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(QuotaExceeded, match="user alice has 2 runs under way or waiting"):
        await service.run(HARMLESS, by=ALICE)
    bobs = asyncio.ensure_future(service.run(HARMLESS, by=BOB))
    await asyncio.sleep(0)
    with pytest.raises(QuotaExceeded, match="2 runs are under way and 1 wait"):
        await service.run(HARMLESS)
    assert [(await it).outcome for it in (*alices, bobs)] == [Outcome.FINISHED] * 3
    assert (await service.run(HARMLESS, by=ALICE)).is_success


async def test_cancelled_run_is_killed_and_frees_its_slot(
    sandbox: InMemorySandbox, analyzer: WordAnalyzer, clock: VirtualClock
) -> None:
    """Whoever comes next has the place, and nothing runs on."""
    sandbox.script(HARMLESS, [Wait()])
    service = SandboxService(sandbox, analyzer, SandboxPolicy(at_once=1, queue=0, at_once_per_user=1))
    running = asyncio.ensure_future(service.run(HARMLESS, by=ALICE))
    await clock.sleep(timedelta(seconds=1))
    assert len(sandbox.ran) == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sandbox.containers == sandbox.idle
    assert (await service.run("y = 2", by=ALICE)).is_success


async def test_failed_run_frees_its_slot(sandbox: InMemorySandbox, analyzer: WordAnalyzer) -> None:
    """What keeps code from running is raised, every time anew, and counts as no run."""
    service = SandboxService(FailingSandbox(sandbox, times=3), analyzer, SandboxPolicy(at_once=1, queue=0))
    for _ in range(3):
        with pytest.raises(RuntimeFailure):
            await service.run(HARMLESS)
    assert (await service.run(HARMLESS)).is_success
    assert service.metrics.registry.get_sample_value("hershy_sandbox_run_seconds_count") == 1


async def test_image_that_is_not_there(service: SandboxService, sandbox: InMemorySandbox) -> None:
    """The caller is told, as of everything that is not the code's doing."""
    sandbox.forget_image("busybox")
    with pytest.raises(ImageNotFound):
        await service.run(SandboxJob(command=["ls"], image="busybox"))


# opening, counting


async def test_open_reaps(service: SandboxService, sandbox: InMemorySandbox) -> None:
    """What dead processes left is removed before the first run."""
    sandbox.abandoned = 2
    await service.open()
    assert sandbox.abandoned == 0


async def test_open_with_an_engine_that_is_away(sandbox: InMemorySandbox, analyzer: WordAnalyzer) -> None:
    """It is no error until something is to be run."""
    sandbox.is_down = True
    service = SandboxService(sandbox, analyzer)
    await service.open()
    with pytest.raises(EngineUnavailable):
        await service.run(HARMLESS)
    with pytest.raises(EngineUnavailable):
        await service.warm()


async def test_warm(service: SandboxService) -> None:
    """The next run is warm, and the service tells how many wait."""
    await service.warm()
    assert service.idle == 2
    assert (await service.run(HARMLESS)).was_warm


async def test_runs_are_counted(service: SandboxService, sandbox: InMemorySandbox) -> None:
    """By outcome; what is refused has started nothing."""
    sandbox.script("fails = 1", [Exit(1)])
    for code in (HARMLESS, HARMLESS, "fails = 1", RISKY):
        await service.run(code)
    value = service.metrics.registry.get_sample_value
    counts = {it: value("hershy_sandbox_runs_total", {"outcome": it}) for it in ("finished", "error", "refused")}
    assert counts == {"finished": 2, "error": 1, "refused": 1}
    assert value("hershy_sandbox_run_seconds_count") == 3


async def test_slow_sandbox(sandbox: InMemorySandbox, analyzer: WordAnalyzer, clock: VirtualClock) -> None:
    """What an engine takes to answer is no part of a run's duration."""
    service = SandboxService(SlowSandbox(sandbox, clock, timedelta(minutes=1)), analyzer)
    result = await service.run(HARMLESS)
    assert result.duration < timedelta(seconds=1)
    assert clock.monotonic() >= 60
    assert (service.runtime, service.idle) == ("memory", sandbox.idle)


async def test_an_image_that_is_missing_is_told_by_whose_setting_it_is(
    service: SandboxService, sandbox: InMemorySandbox
) -> None:
    """A caller's HERSHY_SANDBOX_IMAGE is not the Host's; one that the caller has named is told as it is."""
    sandbox.forget_image(DEFAULT_IMAGE)
    with pytest.raises(ImageNotFound, match=r"setting sandbox_image of whoever runs the code.*\(--image\)"):
        await service.run("x = 1")
    sandbox.forget_image("other:1")
    with pytest.raises(ImageNotFound) as caught:
        await service.run(SandboxJob("x = 1", image="other:1"))
    assert "sandbox_image" not in str(caught.value)
