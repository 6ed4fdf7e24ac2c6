"""The state machine as a table, and the recovery policy."""

from datetime import timedelta

import pytest

from hershy.watcher.errors import IllegalTransition
from hershy.watcher.recovery import Recovery, RecoveryPolicy
from hershy.watcher.reducer import TABLE, Effect, Event, reduce
from hershy.watcher.states import FINAL
from hershy.watcher.states import WatcherState as S

OUTCOMES = {
    Event.RETURNED,
    Event.STOP_RAISED,
    Event.KILL_RAISED,
    Event.FAILED_LIGHTLY,
    Event.FAILED_REPEATEDLY,
    Event.FAILED_FOR_GOOD,
}


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", S)
def test_what_is_not_in_the_table_is_illegal(state: S, event: Event) -> None:
    """It raises, naming both."""
    if (state, event) in TABLE:
        assert reduce(state, event) == TABLE[state, event]
    else:
        with pytest.raises(IllegalTransition, match=f"{state}.*{event}"):
            reduce(state, event)


def test_nothing_leads_out_of_a_final_state() -> None:
    """But for the cleanup after a crash, which ends where it began."""
    leaving = {(state, event) for (state, event), (to, _) in TABLE.items() if state in FINAL and to is not state}
    assert leaving == set()


@pytest.mark.parametrize("state", [state for state in S if state not in FINAL])
def test_a_stop_is_legal_wherever_a_signal_can_be_taken(state: S) -> None:
    """It leads to Stopping, or, before the start, straight to Stopped."""
    if state is S.STOPPING:
        assert (state, Event.DRAINED) in TABLE
    else:
        assert reduce(state, Event.STOP)[0] in (S.STOPPING, S.STOPPED)


@pytest.mark.parametrize("state", [state for (state, _), (_, effect) in TABLE.items() if effect is Effect.RUN])
def test_every_run_can_end_in_every_way(state: S) -> None:
    """Whatever state an execution happens in, all its outcomes have a row."""
    during = {to for (before, _), (to, effect) in TABLE.items() if effect is Effect.RUN and before is state}
    for running in during:
        assert {event for (at, event) in TABLE if at is running} >= OUTCOMES


def test_the_default_policy_is_the_documented_one() -> None:
    """15 and 30 s, then 5 s doubling, and over at the sixth failure."""
    policy = RecoveryPolicy()
    schedule = [policy.after(failures) for failures in range(1, 7)]
    assert [(verdict, delay.total_seconds()) for verdict, delay in schedule] == [
        (Recovery.RETRY, 15),
        (Recovery.RETRY, 30),
        (Recovery.RECOVER, 5),
        (Recovery.RECOVER, 10),
        (Recovery.RECOVER, 20),
        (Recovery.CRASH, 0),
    ]


def test_the_last_lightweight_delay_repeats_and_the_backoff_has_a_ceiling() -> None:
    """Also after a thousand failures."""
    policy = RecoveryPolicy(min_consecutive_failures=6, max_consecutive_failures=2_000)
    delays = [policy.after(failures)[1].total_seconds() for failures in (1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 1_999)]
    assert delays == [15, 30, 60, 60, 60, 5, 10, 160, 300, 300, 300]


def test_delays_of_nothing_are_allowed() -> None:
    """For programs that want to run again at once."""
    policy = RecoveryPolicy(min_consecutive_failures=1, lightweight_retry_delays=(), base_retry_delay=timedelta())
    assert policy.after(1) == (Recovery.RECOVER, timedelta())


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_consecutive_failures": 0},
        {"min_consecutive_failures": 7},
        {"lightweight_retry_delays": ()},
        {"base_retry_delay": timedelta(seconds=-1)},
        {"lightweight_retry_delays": (timedelta(seconds=-1),)},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    """When it is made, not when something fails."""
    with pytest.raises(ValueError, match=r"must|empty|negative"):
        RecoveryPolicy(**wrong)  # type: ignore[arg-type]
