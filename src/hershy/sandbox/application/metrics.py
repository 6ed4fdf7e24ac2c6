"""What is counted of sandboxes, for Prometheus."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from hershy.sandbox.domain.result import Outcome, SandboxResult

_BUCKETS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class SandboxMetrics:
    """Of one service, in a registry of its own. ``idle`` tells how many warm containers wait."""

    def __init__(self, idle: Callable[[], int]) -> None:
        self.registry = registry = CollectorRegistry()
        self._runs = Counter("hershy_sandbox_runs", "Runs in sandboxes, by outcome", ["outcome"], registry=registry)
        self._starts = Counter(
            "hershy_sandbox_starts", "Containers that ran something, warm or cold", ["start"], registry=registry
        )
        self._seconds = Histogram(
            "hershy_sandbox_run_seconds",
            "From handing over code to its end",
            buckets=_BUCKETS_S,
            registry=registry,
        )
        registry.register(_Idle(idle))
        for outcome in Outcome:
            self._runs.labels(outcome)

    def observe(self, result: SandboxResult) -> None:
        self._runs.labels(result.outcome).inc()
        if result.outcome is not Outcome.REFUSED:
            self._starts.labels("warm" if result.was_warm else "cold").inc()
            self._seconds.observe(result.duration.total_seconds())


@dataclass(frozen=True)
class _Idle(Collector):
    idle: Callable[[], int]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("hershy_sandbox_idle", "Warm containers that wait for a run", value=self.idle())
