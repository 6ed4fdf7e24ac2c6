"""SandboxMetrics: what Prometheus is told."""

from datetime import timedelta

from prometheus_client import generate_latest

from hershy.sandbox.application.metrics import SandboxMetrics
from hershy.sandbox.domain.result import Outcome, SandboxResult


def result(outcome: Outcome = Outcome.FINISHED, seconds: float = 0.03, *, was_warm: bool = False) -> SandboxResult:
    return SandboxResult(outcome, "", duration=timedelta(seconds=seconds), was_warm=was_warm)


def test_every_outcome_is_there_from_the_start() -> None:
    """A rate can be told from the first run on."""
    metrics = SandboxMetrics(lambda: 0)
    value = metrics.registry.get_sample_value
    assert {value("hershy_sandbox_runs_total", {"outcome": outcome}) for outcome in Outcome} == {0}


def test_runs_are_counted_by_outcome_and_start() -> None:
    """How they ended, and whether they were warm; how long they took adds up."""
    metrics = SandboxMetrics(lambda: 0)
    value = metrics.registry.get_sample_value
    for it in (result(), result(was_warm=True), result(Outcome.TIMEOUT, 10, was_warm=True)):
        metrics.observe(it)
    assert value("hershy_sandbox_runs_total", {"outcome": "finished"}) == 2
    assert value("hershy_sandbox_runs_total", {"outcome": "timeout"}) == 1
    assert value("hershy_sandbox_starts_total", {"start": "warm"}) == 2
    assert value("hershy_sandbox_starts_total", {"start": "cold"}) == 1
    assert value("hershy_sandbox_run_seconds_count") == 3
    assert value("hershy_sandbox_run_seconds_sum") == 10.06
    assert value("hershy_sandbox_run_seconds_bucket", {"le": "0.05"}) == 2


def test_refused_code_has_started_nothing() -> None:
    """It counts as refused and nowhere else."""
    metrics = SandboxMetrics(lambda: 0)
    value = metrics.registry.get_sample_value
    metrics.observe(result(Outcome.REFUSED))
    assert value("hershy_sandbox_runs_total", {"outcome": "refused"}) == 1
    assert value("hershy_sandbox_run_seconds_count") == 0
    assert value("hershy_sandbox_starts_total", {"start": "cold"}) is None


def test_idle_is_asked_for_when_it_is_read() -> None:
    """The gauge says how many wait now."""
    waiting = [2]
    metrics = SandboxMetrics(lambda: waiting[0])
    assert b"hershy_sandbox_idle 2.0" in generate_latest(metrics.registry)
    waiting[0] = 0
    assert b"hershy_sandbox_idle 0.0" in generate_latest(metrics.registry)
