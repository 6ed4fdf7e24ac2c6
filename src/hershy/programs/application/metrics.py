"""What a Host counts, for Prometheus. Each Host has a registry of its own: nothing is global."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from hershy.core.exits import ExitKind
from hershy.core.ids import ProgramID
from hershy.core.skipped import skipped
from hershy.programs.domain import events as on
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import RESTING, ProgramState
from hershy.programs.ports.event_bus import Happened, Notice, ProgramDeleted

LONG_WAITS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class BuildOutcome:
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Metrics:
    """Counts what is published of programs; tell it by ``observe``. Durations are those of the journal's times, so
    what began under an earlier Host is not measured.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._transitions = Counter(
            "hershy_transitions", "Changes of state, by the new one", ["state"], registry=registry
        )
        self._exits = Counter("hershy_exits", "Ends of programs, by their cause", ["kind"], registry=registry)
        self._restarts = Counter("hershy_restarts", "Restarts by restart policies", registry=registry)
        self._deletions = Counter("hershy_deletions", "Programs deleted", registry=registry)
        self._builds = Counter("hershy_builds", "Builds that have ended", ["outcome"], registry=registry)
        self._build_seconds = Histogram(
            "hershy_build_seconds",
            "Length of successful builds, waiting included",
            buckets=LONG_WAITS_S,
            registry=registry,
        )
        self._ready_seconds = Histogram(
            "hershy_start_to_ready_seconds",
            "From a request to start to Ready, a build included",
            buckets=LONG_WAITS_S,
            registry=registry,
        )
        self._subscribers = Gauge("hershy_event_subscribers", "Readers of the event bus", registry=registry)
        self._building_since: dict[ProgramID, datetime] = {}
        self._starting_since: dict[ProgramID, datetime] = {}
        for state in ProgramState:
            self._transitions.labels(state)
        for kind in ExitKind:
            self._exits.labels(kind)
        for outcome in (BuildOutcome.SUCCEEDED, BuildOutcome.FAILED, BuildOutcome.CANCELLED):
            self._builds.labels(outcome)

    def subscribed(self, change: int) -> None:
        self._subscribers.inc(change)

    def observe(self, notice: Notice) -> None:
        match notice:
            case Happened(program, entry):
                self._count(program, entry)
                self._measure(entry)
            case ProgramDeleted(entry):
                self._deletions.inc()
                self._measure(entry)

    def _count(self, program: Program, entry: JournalEntry) -> None:
        if entry.state is not entry.previous:
            self._transitions.labels(entry.state).inc()
        if entry.exit_reason is not None:
            self._exits.labels(entry.exit_reason.kind).inc()
        elif entry.event == on.StopCompleted.label and entry.state is ProgramState.STOPPED:
            self._exits.labels(ExitKind.REQUESTED).inc()
        if program.restarts.restarts and program.restarts.restarts[-1] == entry.at:
            self._restarts.inc()

    def _measure(self, entry: JournalEntry) -> None:
        program_id, state = entry.program_id, entry.state
        if entry.previous in RESTING and state in (ProgramState.BUILDING, ProgramState.STARTING):
            self._starting_since[program_id] = entry.at
        if state is ProgramState.BUILDING:
            self._building_since.setdefault(program_id, entry.at)
        elif entry.previous is ProgramState.BUILDING:
            self._built(entry, self._building_since.pop(program_id, None))
        if state is ProgramState.READY and (since := self._starting_since.pop(program_id, None)):
            self._ready_seconds.observe(_seconds(entry.at - since))
        if state is None or state in RESTING or state is ProgramState.STOPPING:
            self._starting_since.pop(program_id, None)

    def _built(self, entry: JournalEntry, since: datetime | None) -> None:
        if entry.state is ProgramState.BUILT:
            self._builds.labels(BuildOutcome.SUCCEEDED).inc()
            if since is not None:
                self._build_seconds.observe(_seconds(entry.at - since))
        elif entry.state is ProgramState.ERROR:
            self._builds.labels(BuildOutcome.FAILED).inc()
        else:
            self._builds.labels(BuildOutcome.CANCELLED).inc()


@dataclass(frozen=True)
class HostGauges(Collector):
    """What is read when somebody asks: nothing has to be kept up to date for it."""

    programs: Callable[[], Iterable[Program]]
    ports_leased: Callable[[], int]
    engine_is_up: Callable[[], bool]
    builds_waiting: Callable[[], int]

    def collect(self) -> Iterator[Metric]:
        counts = dict.fromkeys(ProgramState, 0)
        for program in self.programs():
            counts[program.state] += 1
        by_state = GaugeMetricFamily("hershy_programs", "Registered programs, by state", labels=["state"])
        for state, count in counts.items():
            by_state.add_metric([state], count)
        yield by_state
        unread = CounterMetricFamily(
            "hershy_skipped", "What was found on the machine and could not be taken up, by kind", labels=["kind"]
        )
        for kind, count in skipped().items():
            unread.add_metric([kind], count)
        yield unread
        yield GaugeMetricFamily("hershy_publish_ports_leased", "Publish ports in use", value=self.ports_leased())
        yield GaugeMetricFamily("hershy_builds_waiting", "Builds that wait for a slot", value=self.builds_waiting())
        yield GaugeMetricFamily(
            "hershy_engine_up", "1 while the container engine answers, else 0", value=float(self.engine_is_up())
        )


def _seconds(duration: timedelta) -> float:
    return max(0.0, duration.total_seconds())
