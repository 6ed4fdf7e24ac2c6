"""Resources, options, exits and restart policies hold their rules."""

from datetime import UTC, datetime, timedelta

import pytest

from hershy.core.exits import ExitKind, ExitReason
from hershy.core.resources import MIB, ResourceLimits
from hershy.errors import InvalidValue
from hershy.programs.domain.program import ProgramOptions
from hershy.programs.domain.restart import RestartHistory, RestartMode, RestartPolicy

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "limits",
    [
        {"cpus": 0},
        {"cpus": float("nan")},
        {"cpus": "1"},
        {"memory_bytes": 1},
        {"memory_bytes": 1e9},
        {"pids": 0},
        {"pids": True},
        {"open_files": -1},
        {"log_bytes": 1},
        {"state_entries": 0},
    ],
)
def test_resource_limits_below_the_least_or_of_wrong_type_are_refused(limits: dict[str, float]) -> None:
    """Every limit has a least value and a type, and the message names the field."""
    (name,) = limits
    with pytest.raises(InvalidValue, match=name):
        ResourceLimits(**limits)  # type: ignore[arg-type]


def test_resources_above_the_operators_maximum_are_refused() -> None:
    """The message names the field and the maximum."""
    with pytest.raises(InvalidValue, match=f"memory_bytes may be at most {64 * MIB}"):
        ResourceLimits(memory_bytes=65 * MIB).within(ResourceLimits(memory_bytes=64 * MIB))
    assert ResourceLimits(cpus=0.5).within(ResourceLimits()) == ResourceLimits(cpus=0.5)


def test_a_default_above_the_operators_maximum_is_lowered() -> None:
    """Who asks for nothing gets what there is, not a refusal."""
    asked, maximum = ResourceLimits(pids=7), ResourceLimits(memory_bytes=64 * MIB, state_bytes=2 * MIB)
    assert asked.within(maximum) == ResourceLimits(pids=7, memory_bytes=64 * MIB, state_bytes=2 * MIB)


@pytest.mark.parametrize("entry", [("", "x"), ("A=B", "x"), ("A", "\0"), ("\0", "x"), ("A", "\ud800")])
def test_environment_and_labels_refuse_what_the_engine_cannot_carry(entry: tuple[str, str]) -> None:
    """Bad names and values raise, naming the mapping."""
    with pytest.raises(InvalidValue, match="env"):
        ProgramOptions(env=dict([entry]))
    with pytest.raises(InvalidValue, match="labels"):
        ProgramOptions(labels=dict([entry]))


def test_environment_and_labels_are_bounded() -> None:
    """Too many entries raise with the number allowed."""
    with pytest.raises(InvalidValue, match="at most 64"):
        ProgramOptions(labels={f"l{number}": "" for number in range(65)})


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (ExitReason.from_status(0), "exited with code 0"),
        (ExitReason.from_status(3), "exited with code 3"),
        (ExitReason.from_status(137), "killed by SIGKILL"),
        (ExitReason.from_status(143), "killed by SIGTERM"),
        (ExitReason.from_status(255), "exited with code 255"),
        (ExitReason.from_status(137, out_of_memory=True), "killed: out of memory"),
        (ExitReason(ExitKind.SIGNAL, 160), "killed by signal 32"),
        (ExitReason(ExitKind.ENGINE_LOST), "vanished from the container engine"),
        (ExitReason(ExitKind.REQUESTED), "stopped on request"),
    ],
)
def test_exit_reasons_read_as_words(reason: ExitReason, words: str) -> None:
    """Each kind has its sentence; only code 0 is a success."""
    assert str(reason) == words
    assert reason.is_success == (reason.code == 0)


@pytest.mark.parametrize(
    "arguments", [{"max_restarts": 0}, {"base_delay": -SECOND}, {"base_delay": 2 * SECOND, "max_delay": SECOND}]
)
def test_impossible_restart_policies_are_refused(arguments: dict[str, object]) -> None:
    """A policy without restarts or with reversed delays raises."""
    with pytest.raises(InvalidValue, match="restart_policy"):
        RestartPolicy(**arguments)  # type: ignore[arg-type]


def test_modes_decide_on_the_exit() -> None:
    """``no`` never, ``on-failure`` after a failure, ``always`` after any exit."""
    good, bad = ExitReason.from_status(0), ExitReason.from_status(1)
    wants = {
        mode: (RestartPolicy(mode).wants_restart(good), RestartPolicy(mode).wants_restart(bad)) for mode in RestartMode
    }
    assert wants == {
        RestartMode.NO: (False, False),
        RestartMode.ON_FAILURE: (False, True),
        RestartMode.ALWAYS: (True, True),
    }


def test_delay_doubles_up_to_the_cap_and_a_stable_run_resets_it() -> None:
    """1, 2, 4, then the cap of 5, each shortened by less than a quarter; after a stable run 1 again."""
    policy = RestartPolicy(RestartMode.ALWAYS, SECOND, 5 * SECOND, max_restarts=100, stable_after=30 * SECOND)
    history, delays = RestartHistory(), []
    for _ in range(4):
        history = history.settled(policy, NOW, NOW + SECOND)
        delays.append(history.next_delay(policy, "it"))
        history = history.with_restart(NOW)
    for delay, longest in zip(delays, (SECOND, 2 * SECOND, 4 * SECOND, 5 * SECOND), strict=True):
        assert 0.75 * longest < delay <= longest
    assert 0.75 * SECOND < history.settled(policy, NOW, NOW + 30 * SECOND).next_delay(policy, "it") <= SECOND


def test_the_budget_counts_only_restarts_within_the_window() -> None:
    """Restarts older than the window are forgotten."""
    policy = RestartPolicy(RestartMode.ALWAYS, max_restarts=2, window=60 * SECOND)
    history = RestartHistory().with_restart(NOW).with_restart(NOW + SECOND)
    assert history.settled(policy, NOW, NOW + 2 * SECOND).is_spent(policy)
    assert not history.settled(policy, NOW, NOW + 61 * SECOND).is_spent(policy)


def test_a_very_long_streak_stays_at_the_cap() -> None:
    """Doubling never overflows."""
    most = RestartPolicy().max_delay
    assert 0.75 * most < RestartHistory(streak=10_000).next_delay(RestartPolicy(), "it") <= most


def test_jitter_tells_programs_and_restarts_apart_and_repeats_itself() -> None:
    """Programs that died of one cause don't come back at one moment; a Host that restarts finds the same delay."""
    delays = {RestartHistory(count=count).next_delay(RestartPolicy(), key) for count in range(5) for key in "abcde"}
    assert len(delays) == 25
    assert RestartHistory().next_delay(RestartPolicy(), "a") in delays
