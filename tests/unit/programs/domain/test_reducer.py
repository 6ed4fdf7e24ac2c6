"""Every cell of the state table, written down a second time from the design and compared."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ContainerID
from hershy.errors import IllegalTransition, ProgramNotRunning
from hershy.programs.domain import effects as do
from hershy.programs.domain import events as on
from hershy.programs.domain.effects import Effect
from hershy.programs.domain.events import Event, EventType
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.program import DesiredState, Program, ProgramOptions
from hershy.programs.domain.reducer import TABLE, Step, reduce
from hershy.programs.domain.restart import RestartHistory, RestartMode, RestartPolicy
from hershy.programs.domain.state import RESTING, TRANSITIONAL
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.domain.trouble import Patience, Trouble, trouble_with

from .programs import CONTAINER, IMAGE, NOW, OTHER_PORT, PORT, REQUESTS, findings, program, results

LATER = NOW + timedelta(seconds=5)
STOP = (do.CloseProxy, do.StopContainer)
AFTERMATH = (do.CloseProxy, do.RemoveContainer)
WATCH = (do.WatchExit, do.ProbeReadiness)
OVERDUE, OUTGROWN, NOTHING, RUNS, NEVER_STARTED, CRASHED, LEFTOVER = findings(0)

EXPECTED: dict[tuple[S, Event], tuple[S, tuple[type[Effect], ...]]] = {
    (S.CREATED, on.StartRequested()): (S.BUILDING, (do.PrepareFolders, do.BuildImage)),
    (S.CREATED, on.StartRequested(IMAGE)): (S.BUILDING, (do.PrepareFolders, do.BuildImage)),
    (S.BUILDING, on.BuildSucceeded(0, IMAGE)): (S.BUILT, ()),
    (S.BUILDING, on.BuildFailed(0, "no")): (S.ERROR, (do.RemoveContainer,)),
    (S.BUILDING, on.StopRequested()): (S.STOPPING, (do.RemoveContainer,)),
    (S.BUILT, on.CreationBegun(0)): (S.STARTING, (do.StartContainer,)),
    (S.BUILT, on.StopRequested()): (S.STOPPING, STOP),
    (S.STARTING, on.PortExchanged(0, OTHER_PORT, 2)): (S.STARTING, (do.StartContainer,)),
    (S.STARTING, on.ImageMissing(0)): (S.BUILDING, (do.BuildImage,)),
    (S.STARTING, on.ContainerStarted(0, CONTAINER, PORT.endpoint)): (S.RUNNING, WATCH),
    (S.STARTING, on.StartFailed(0, "no")): (S.ERROR, (do.RemoveContainer,)),
    (S.STARTING, on.StopRequested()): (S.STOPPING, STOP),
    (S.RUNNING, on.ReadinessReached(0)): (S.READY, (do.OpenProxy,)),
    (S.RUNNING, on.ReadinessDeadlinePassed(0, "no")): (S.ERROR, (do.RemoveContainer,)),
    **{
        (state, event): (target, AFTERMATH)
        for state in (S.RUNNING, S.READY)
        for event, target in (
            (on.Exited(0, ExitReason.from_status(0)), S.STOPPED),
            (on.Exited(0, ExitReason.from_status(1), ("last words",)), S.ERROR),
            (on.Exited(0, ExitReason.from_status(137, out_of_memory=True)), S.ERROR),
            (on.Exited(0, ExitReason(ExitKind.ENGINE_LOST)), S.ERROR),
        )
    },
    **{
        (state, event): (S.STOPPING, STOP)
        for state in (S.RUNNING, S.READY)
        for event in (on.StopRequested(), on.RestartRequested())
    },
    (S.STOPPING, on.StopCompleted(0)): (S.STOPPED, ()),
    (S.STOPPING, on.StopFailed(0, "no")): (S.ERROR, (do.RemoveContainer,)),
    **{
        (state, event): expected
        for state in (S.STOPPED, S.ERROR)
        for event, expected in (
            (on.StartRequested(), (S.BUILDING, (do.PrepareFolders, do.BuildImage))),
            (on.StartRequested(IMAGE), (S.STARTING, (do.PrepareFolders, do.StartContainer))),
        )
    },
    (S.READY, on.HealthCheckFailed(0, "no")): (S.READY, (do.WatchHealth,)),
    (S.READY, on.HealthRestored(0)): (S.READY, (do.WatchHealth,)),
    **{(state, OVERDUE): (S.ERROR, AFTERMATH) for state in TRANSITIONAL},
    **{(state, OUTGROWN): (S.ERROR, AFTERMATH) for state in (S.RUNNING, S.READY)},
    **{
        (state, found): expected
        for found in (NOTHING, RUNS, NEVER_STARTED, CRASHED)
        for state, expected in {
            S.BUILDING: (S.BUILDING, (do.PrepareFolders, do.BuildImage)),
            S.BUILT: (S.BUILT, ()),
            S.STOPPING: (S.STOPPING, STOP),
            **{state: (state, (do.RemoveContainer,)) for state in (S.CREATED, S.STOPPED, S.ERROR)},
        }.items()
    },
    **{
        (state, found): expected
        for state in (S.STARTING, S.RUNNING, S.READY)
        for found, expected in {
            NOTHING: (S.STARTING, (do.StartContainer,)),
            NEVER_STARTED: (S.STARTING, (do.StartContainer,)),
            CRASHED: (S.ERROR, AFTERMATH),
            RUNS: (S.READY, (do.WatchExit, do.OpenProxy)) if state is S.READY else (S.RUNNING, WATCH),
        }.items()
    },
    **{
        (state, on.DeleteRequested()): (S.STOPPING if state.is_active else state, (do.CloseProxy, do.DeleteProgram))
        for state in S
    },
    **{(state, LEFTOVER): (state, (do.RemoveContainer,)) for state in RESTING},
}

THEN: dict[tuple[S, Event], type[Event]] = {
    (S.BUILDING, on.BuildSucceeded(0, IMAGE)): on.CreationBegun,
    (S.BUILDING, on.StopRequested()): on.StopCompleted,
    **{(S.BUILT, found): on.CreationBegun for found in (NOTHING, RUNS, NEVER_STARTED, CRASHED)},
}

ALL_EVENTS = (*REQUESTS, *results(0), *findings(0))


def kinds(step: Step) -> tuple[type[Effect], ...]:
    return tuple(type(effect) for effect in step.effects)


def in_state(state: S, **changes: object) -> Program:
    return program(state=state, **changes)


@pytest.mark.parametrize(("cell", "expected"), EXPECTED.items(), ids=str)
def test_each_row_leads_where_the_design_says(
    cell: tuple[S, Event], expected: tuple[S, tuple[type[Effect], ...]]
) -> None:
    """State, effects and their order are those of the table; the moment is recorded."""
    state, event = cell
    step = reduce(in_state(state), event, LATER)
    assert (step.program.state, kinds(step)) == expected
    assert step.program.updated_at == (NOW if event is LEFTOVER else LATER)
    assert not step.dropped
    followed_by = THEN.get(cell)
    assert step.then == (followed_by and followed_by(step.program.epoch))


@pytest.mark.parametrize("state", S)
def test_every_other_event_raises_and_changes_nothing(state: S) -> None:
    """What the design does not list is illegal."""
    before = in_state(state)
    for event in ALL_EVENTS:
        if (state, event) not in EXPECTED:
            with pytest.raises(IllegalTransition) as caught:
                reduce(before, event, LATER)
            assert caught.value.program_id == str(before.id)
            assert before == in_state(state)


def test_the_table_declares_the_targets_it_can_reach_and_no_other() -> None:
    """Whatever a program is like, a row leads to one of its targets, and each of them is reached."""
    reached: dict[tuple[S, EventType], set[S]] = {}
    for before in variety():
        for event in (*ALL_EVENTS, FINISHED):
            with suppress(IllegalTransition):
                step = reduce(before, event, LATER)
                if not step.dropped:
                    after = reached.setdefault((before.state, type(event)), set())
                    after |= set() if step.is_gone else {step.program.state}
    assert reached == {cell: set(row.targets) for cell, row in TABLE.items()}


FINISHED = on.HostRestarted(0, on.FoundContainer(CONTAINER, False, exit_reason=ExitReason.from_status(0)))


def variety() -> Iterator[Program]:
    """Programs that differ in all that a decision can hang on."""
    for state, mode, desired, history, check in product(
        S,
        RestartMode,
        DesiredState,
        (RestartHistory(), RestartHistory((LATER, LATER))),
        (None, HealthCheck()),
    ):
        options = ProgramOptions(restart_policy=RestartPolicy(mode, max_restarts=2), health_check=check)
        yield in_state(
            state, options=options, desired=desired, restarts=history, image_id=IMAGE, container_id=CONTAINER
        )


@pytest.mark.parametrize("state", S)
def test_late_results_are_dropped_in_every_state(state: S) -> None:
    """A result of a cancelled effect changes nothing and raises nothing."""
    before = in_state(state, epoch=7)
    for event in (*results(6), *findings(6)):
        assert reduce(before, event, LATER) == Step(before, dropped=True)


@pytest.mark.parametrize("event", [on.StopRequested(), on.RestartRequested()])
@pytest.mark.parametrize("state", [S.CREATED, S.STOPPED, S.ERROR])
def test_stop_and_restart_of_a_resting_program_say_not_running(state: S, event: Event) -> None:
    """The error is the one the wire contract answers with 404."""
    with pytest.raises(ProgramNotRunning, match=r"^program not running"):
        reduce(in_state(state), event, LATER)


def test_a_request_cancels_what_is_under_way() -> None:
    """Stop, restart and delete raise the epoch, so results under way become late."""
    for event in (on.StopRequested(), on.RestartRequested(), on.DeleteRequested()):
        step = reduce(in_state(S.READY, epoch=3), event, LATER)
        assert step.interrupts
        assert step.program.epoch == 4


def test_a_restart_goes_on_to_starting_with_the_same_image() -> None:
    """Stopping with the wish to run leads to Starting, not Stopped."""
    stopping = reduce(
        in_state(S.READY, desired=DesiredState.RUNNING, image_id=IMAGE), on.RestartRequested(), NOW
    ).program
    step = reduce(stopping, on.StopCompleted(stopping.epoch), LATER)
    assert step.program.state is S.STARTING
    assert step.program.image_id == IMAGE
    assert step.effects == (do.StartContainer(),)


def test_a_stop_asked_for_leaves_no_error_and_no_container() -> None:
    """Stopped by request is a typed reason, not a failure."""
    ready = in_state(S.READY, desired=DesiredState.RUNNING, container_id=CONTAINER)
    stopping = reduce(ready, on.StopRequested(), NOW).program
    stopped = reduce(stopping, on.StopCompleted(stopping.epoch), LATER).program
    assert (stopped.container_id, stopped.endpoint, stopped.error_msg) == (None, None, "")
    assert stopped.exit_reason == ExitReason(ExitKind.REQUESTED)


def test_a_port_held_by_a_stranger_moves_the_program() -> None:
    """The port it moves to is saved before it is tried, and the tries are counted."""
    step = reduce(in_state(S.STARTING), on.PortExchanged(0, OTHER_PORT, 3), LATER)
    assert step.program.publish_port == OTHER_PORT
    assert step.effects == (do.StartContainer(attempt=3),)
    assert step.program.state_since == NOW


def test_what_runs_is_adopted_as_it_is() -> None:
    """The container, its port and when it started; a program that was Ready is served again at once."""
    ready = in_state(S.READY, desired=DesiredState.RUNNING, container_id=CONTAINER, container_started_at=NOW, epoch=4)
    event = on.HostRestarted(4, on.FoundContainer(ContainerID("other"), True, OTHER_PORT.endpoint, OTHER_PORT))
    adopted = reduce(ready, event, LATER).program
    assert (adopted.container_id, adopted.publish_port) == (ContainerID("other"), OTHER_PORT)
    assert adopted.endpoint == OTHER_PORT.endpoint
    assert (adopted.container_started_at, adopted.epoch) == (NOW, 5)


def test_a_restart_that_waits_goes_on_waiting_for_its_moment() -> None:
    """A Host that restarts neither forgets the backoff nor begins it anew."""
    due = LATER + timedelta(seconds=7)
    waiting = in_state(S.STARTING, desired=DesiredState.RUNNING, next_restart_at=due)
    step = reduce(waiting, NOTHING, LATER)
    assert step.effects == (do.StartContainer(timedelta(seconds=7)),)
    assert step.program.next_restart_at == due


def test_a_deletion_under_way_is_taken_up_in_every_state() -> None:
    """Whatever is found, it is deleted."""
    for state in S:
        deleting = reduce(in_state(state), on.DeleteRequested(), NOW).program
        for found in (None, on.FoundContainer(CONTAINER, True, OTHER_PORT.endpoint, OTHER_PORT)):
            step = reduce(deleting, on.HostRestarted(deleting.epoch, found), LATER)
            assert (kinds(step), step.interrupts) == ((do.CloseProxy, do.DeleteProgram), True)
            assert step.program.is_being_deleted


HEALTH = HealthCheck()


def test_a_ready_program_with_a_health_check_is_watched() -> None:
    """Healthy to begin with; without a check nothing is known."""
    watched = reduce(in_state(S.RUNNING, options=ProgramOptions(health_check=HEALTH)), on.ReadinessReached(0), LATER)
    assert (kinds(watched), watched.program.is_healthy) == ((do.OpenProxy, do.WatchHealth), True)
    assert reduce(in_state(S.RUNNING), on.ReadinessReached(0), LATER).program.is_healthy is None


def test_an_unhealthy_program_is_marked_where_nothing_restarts_it() -> None:
    """It stays Ready and says so, until a probe passes again."""
    ready = in_state(S.READY, is_healthy=True, options=ProgramOptions(health_check=HEALTH))
    marked = reduce(ready, on.HealthCheckFailed(0, "3 missed"), LATER)
    assert (marked.program.is_healthy, marked.program.error_msg) == (False, "3 missed")
    assert marked.effects == (do.WatchHealth(is_healthy=False),)
    restored = reduce(marked.program, on.HealthRestored(0), LATER)
    assert (restored.program.is_healthy, restored.program.error_msg) == (True, "")


def test_an_unhealthy_program_is_restarted_with_backoff_where_its_policy_says_so() -> None:
    """Stopped gracefully, then started after the delay; when the budget is spent it is a crash loop."""
    options = ProgramOptions(health_check=HEALTH, restart_policy=POLICY)
    ready = in_state(S.READY, desired=DesiredState.RUNNING, is_healthy=True, options=options)
    step = reduce(ready, on.HealthCheckFailed(0, "3 missed"), LATER)
    assert (step.program.state, kinds(step), step.program.is_healthy) == (S.STOPPING, STOP, None)
    due = step.program.next_restart_at
    assert due is not None
    assert LATER < due <= LATER + POLICY.base_delay
    starting = reduce(step.program, on.StopCompleted(step.program.epoch), LATER)
    assert starting.effects == (do.StartContainer(due - LATER),)
    assert (starting.program.next_restart_at, starting.program.restarts.count) == (due, 1)
    spent = replace(ready, restarts=RestartHistory((LATER, LATER)))
    assert reduce(spent, on.HealthCheckFailed(0, "3 missed"), LATER).program.error_msg.startswith("crash loop")


def test_an_error_says_why_with_the_last_log_lines() -> None:
    """The exit in words, then what the program printed last."""
    step = reduce(in_state(S.READY), on.Exited(0, ExitReason.from_status(3), ("a", "b")), LATER)
    said, rest = step.program.error_msg.rsplit("\n", 1)
    assert said == "program exited with code 3; its last log lines:\na\nb"
    assert "hershy logs" in rest
    assert step.program.exit_reason == ExitReason(ExitKind.CODE, 3)


def test_a_new_start_forgets_the_old_error() -> None:
    """Error message, exit and restart streak begin anew."""
    broken = in_state(S.ERROR, error_msg="x", exit_reason=ExitReason.from_status(1))
    fresh = reduce(broken, on.StartRequested(), LATER).program
    assert (fresh.error_msg, fresh.exit_reason, fresh.desired) == ("", None, DesiredState.RUNNING)


POLICY = RestartPolicy(RestartMode.ON_FAILURE, timedelta(seconds=1), max_restarts=2)


def test_a_failure_is_restarted_after_a_growing_delay_until_the_budget_is_spent() -> None:
    """1 s, 2 s, then Error with a crash-loop reason."""
    current = in_state(S.RUNNING, options=ProgramOptions(restart_policy=POLICY), image_id=IMAGE)
    delays = []
    for _ in range(2):
        step = reduce(current, on.Exited(current.epoch, ExitReason.from_status(1)), LATER)
        assert step.program.state is S.STARTING
        assert step.program.error_msg == "program exited with code 1"
        (start,) = (effect for effect in step.effects if isinstance(effect, do.StartContainer))
        delays.append(start.delay.total_seconds())
        assert step.program.next_restart_at == LATER + start.delay
        started = on.ContainerStarted(step.program.epoch, ContainerID("next"), PORT.endpoint)
        current = reduce(step.program, started, LATER).program
    last = reduce(current, on.Exited(current.epoch, ExitReason.from_status(1)), LATER)
    assert 0.75 < delays[0] <= 1
    assert 1.5 < delays[1] <= 2
    assert current.restarts.count == 2
    assert last.program.state is S.ERROR
    assert last.program.error_msg.startswith("crash loop: 2 restarts within 0:10:00; program exited with code 1")


def test_a_success_is_restarted_only_by_always() -> None:
    """``on-failure`` lets a finished program be Stopped, ``always`` starts it again."""
    for mode, state in ((RestartMode.ON_FAILURE, S.STOPPED), (RestartMode.ALWAYS, S.STARTING)):
        running = in_state(S.READY, options=ProgramOptions(restart_policy=RestartPolicy(mode)))
        assert reduce(running, on.Exited(0, ExitReason.from_status(0)), LATER).program.state is state


def test_becoming_ready_clears_the_error_of_the_run_before() -> None:
    """A program that recovered shows no error."""
    running = in_state(S.RUNNING, error_msg="program exited with code 1")
    assert reduce(running, on.ReadinessReached(0), LATER).program.error_msg == ""


@pytest.mark.parametrize("state", S)
def test_nothing_but_its_failure_is_legal_while_a_program_is_deleted(state: S) -> None:
    """Requests raise; a second deletion joins the first; a failed deletion ends in Error, a complete one in nothing."""
    deleting = reduce(in_state(state), on.DeleteRequested(), NOW).program
    assert reduce(deleting, on.DeleteRequested(), LATER).dropped
    for event in REQUESTS[:-1]:
        with pytest.raises(IllegalTransition, match="being deleted"):
            reduce(deleting, event, LATER)
    assert reduce(deleting, on.DeletionCompleted(deleting.epoch), LATER) == Step(deleting, is_gone=True)
    failed = reduce(deleting, on.DeletionFailed(deleting.epoch, "disk on fire"), LATER).program
    assert (failed.state, failed.error_msg) == (S.ERROR, "disk on fire")
    assert not failed.is_being_deleted
    assert reduce(failed, on.DeleteRequested(), LATER).program.is_being_deleted


@pytest.mark.parametrize("state", S)
def test_the_failure_of_an_effect_is_the_event_that_the_table_names(state: S) -> None:
    """By the state that asked for it; what watches says so itself, and a deletion fails as a whole."""
    expected = {S.BUILDING: on.BuildFailed, S.STARTING: on.StartFailed, S.STOPPING: on.StopFailed}
    asking = in_state(state, epoch=3)
    trouble = trouble_with(do.RemoveContainer(), asking)
    assert trouble.event is expected.get(state)
    assert (trouble.patience is Patience.NONE) == (state not in expected)
    probing, watching = (trouble_with(it, asking).event for it in (do.ProbeReadiness(), do.WatchExit()))
    assert probing is not None and probing(3, "no") == on.ReadinessDeadlinePassed(3, "no")  # noqa: PT018
    assert watching is not None and watching(3, "no") == on.Exited(3, ExitReason(ExitKind.ENGINE_LOST))  # noqa: PT018
    deleting = in_state(state, desired=DesiredState.DELETED)
    assert trouble_with(do.DeleteProgram(), deleting) == Trouble(on.DeletionFailed)


def test_reducing_does_not_touch_its_argument() -> None:
    """The program before is the same object value after."""
    before = in_state(S.CREATED)
    copy = replace(before)
    reduce(before, on.StartRequested(), LATER)
    assert before == copy
