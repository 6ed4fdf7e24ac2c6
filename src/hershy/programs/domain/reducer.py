"""The state machine: ``reduce(program, event, at)`` is the only code that decides a transition.

Its rules, in short:

* ``TABLE`` has one row per legal (state, event). Anything else raises IllegalTransition and changes nothing.
* A result whose epoch is not the program's is late: the effect was cancelled. It is dropped, not applied.
* A step that ``interrupts`` cancels every effect under way before its own effects are carried out, and raises
  the epoch.
* ``Stopping`` with ``desired == RUNNING`` is a restart: once stopped, it goes on to ``Starting``.
* A start or a deletion may interrupt the cleanup after the run before; so what follows it cleans up once more.
* A Host that restarts tells every program that is not at rest what it found of it (``HostRestarted``).
* Every state that must not last has a deadline; when it has passed, the program is in ``Error``.
* Deletion is legal in every state and, once asked for, allows nothing else until it has ended or failed.
* ``TROUBLE``, in its own file, tells what the failure of an effect comes to, and how long an engine is waited for.
* A step that leaves the program as it was has effects only: there is nothing of it to save.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from hershy.core.exits import ExitKind, ExitReason
from hershy.errors import IllegalTransition, ProgramNotRunning

from . import effects as do
from . import events as on
from .effects import Effect
from .events import Event, EventType, Result
from .program import DesiredState, Program
from .restart import RestartHistory, RestartMode, RestartPolicy
from .state import ALIVE, RESTING, TRANSITIONAL
from .state import ProgramState as S


@dataclass(frozen=True, slots=True)
class Step:
    """What an event comes to: the program after it, and the effects to carry out, in order.

    ``then``: the event that follows once they have been carried out, and those that were cancelled have ended; not
    when one of them has ended in an event of its own. ``is_gone``: the registration is to be removed.
    """

    program: Program
    effects: tuple[Effect, ...] = ()
    interrupts: bool = False
    dropped: bool = False
    then: Result | None = None
    is_gone: bool = False


Apply = Callable[[Program, Any, datetime], Step]


@dataclass(frozen=True, slots=True)
class Row:
    """``targets``: every state the row can lead to. ``apply`` picks one."""

    targets: tuple[S, ...]
    apply: Apply


def reduce(program: Program, event: Event, at: datetime) -> Step:
    """Apply one event at the moment ``at``.

    Raises IllegalTransition (for stop and restart its subclass ProgramNotRunning) when the table has no row;
    nothing has changed then. Pure: the same arguments give the same step.
    """
    if isinstance(event, on.Result | on.SweepFinding) and event.epoch != program.epoch:
        return Step(program, dropped=True)
    if isinstance(event, on.DeleteRequested) and program.is_being_deleted:
        return Step(program, dropped=True)
    row = TABLE.get((program.state, type(event)))
    if row is None or not _fits_deletion(program, event):
        raise _illegal(program, event)
    return row.apply(program, event, at)


def _fits_deletion(program: Program, event: Event) -> bool:
    if program.is_being_deleted:
        return isinstance(event, on.DeletionCompleted | on.DeletionFailed | on.HostRestarted)
    return not isinstance(event, on.DeletionCompleted | on.DeletionFailed)


def _illegal(program: Program, event: Event) -> IllegalTransition:
    if program.is_being_deleted:
        return IllegalTransition(program.id, program.state, event.label, "it is being deleted")
    match event:
        case on.StopRequested() | on.RestartRequested():
            return ProgramNotRunning(program.id, program.state, event.label, _to_run(program))
        case on.StartRequested():
            remedy = "stop it first, or wait until it has stopped"
            return IllegalTransition(program.id, program.state, event.label, remedy)
        case _:
            return IllegalTransition(program.id, program.state, event.label)


def _to_run(program: Program) -> str:
    wait = "wait until it is Stopped, then " if program.state is S.STOPPING else ""
    return f"{wait}use /start ('hershy start') to run it"


def _to(program: Program, at: datetime, state: S, *effects: Effect, interrupts: bool = False, **changes: Any) -> Step:
    epoch = program.epoch + 1 if interrupts else program.epoch
    since = program.state_since if state is program.state else at
    changes = {"state_since": since, "next_restart_at": None, "is_healthy": None, **changes}
    if "container_id" in changes:
        changes.setdefault("endpoint", None)
    moved = replace(program, state=state, updated_at=at, epoch=epoch, **changes)
    return Step(moved, effects, interrupts)


def _start(program: Program, event: on.StartRequested, at: datetime) -> Step:
    fresh: dict[str, Any] = {
        "desired": DesiredState.RUNNING,
        "restarts": RestartHistory(),
        "exit_reason": None,
        "error_msg": "",
        "interrupts": True,
    }
    if program.state is not S.CREATED and event.image_id is not None:
        effects = (do.PrepareFolders(), do.StartContainer())
        return _to(program, at, S.STARTING, *effects, image_id=event.image_id, **fresh)
    return _to(program, at, S.BUILDING, do.PrepareFolders(), do.BuildImage(), **fresh)


def _built(program: Program, event: on.BuildSucceeded, at: datetime) -> Step:
    return _then_create(_to(program, at, S.BUILT, image_id=event.image_id))


def _then_create(step: Step) -> Step:
    return replace(step, then=on.CreationBegun(step.program.epoch))


def _create(program: Program, event: on.CreationBegun, at: datetime) -> Step:
    return _to(program, at, S.STARTING, do.StartContainer())


def _running(program: Program, event: on.ContainerStarted, at: datetime) -> Step:
    return _to(
        program,
        at,
        S.RUNNING,
        do.WatchExit(),
        do.ProbeReadiness(),
        container_id=event.container_id,
        endpoint=event.endpoint,
        container_started_at=at,
    )


def _another_port(program: Program, event: on.PortExchanged, at: datetime) -> Step:
    start = do.StartContainer(attempt=event.attempt)
    return _to(program, at, S.STARTING, start, publish_port=event.publish_port)


def _build_again(program: Program, event: on.ImageMissing, at: datetime) -> Step:
    return _to(program, at, S.BUILDING, do.BuildImage())


def _ready(program: Program, event: on.ReadinessReached, at: datetime) -> Step:
    return _serve(program, at, exit_reason=None, error_msg="")


def _serve(program: Program, at: datetime, *effects: Effect, **changes: Any) -> Step:
    effects = (*effects, do.OpenProxy())
    if program.options.health_check is None:
        return _to(program, at, S.READY, *effects, **changes)
    return _to(program, at, S.READY, *effects, do.WatchHealth(), is_healthy=True, **changes)


def _unhealthy(program: Program, event: on.HealthCheckFailed, at: datetime) -> Step:
    policy = program.options.restart_policy
    if policy.mode is RestartMode.NO:
        effect = do.WatchHealth(is_healthy=False)
        return _to(program, at, S.READY, effect, is_healthy=False, error_msg=event.detail)
    history = program.restarts.settled(policy, program.container_started_at, at)
    if history.is_spent(policy):
        cleanup = (do.CloseProxy(), do.RemoveContainer())
        return _error(program, at, _crash_loop(policy, event), *cleanup, interrupts=True, restarts=history)
    due = at + history.next_delay(policy, str(program.id))
    changes: dict[str, Any] = {"restarts": history.with_restart(at), "next_restart_at": due, "error_msg": event.detail}
    return _to(program, at, S.STOPPING, do.CloseProxy(), do.StopContainer(), interrupts=True, **changes)


def _healthy_again(program: Program, event: on.HealthRestored, at: datetime) -> Step:
    return _to(program, at, S.READY, do.WatchHealth(), is_healthy=True, error_msg="")


def _failed(program: Program, event: on.BuildFailed | on.StartFailed | on.StopFailed, at: datetime) -> Step:
    return _error(program, at, event.detail, do.RemoveContainer())


def _never_ready(program: Program, event: on.ReadinessDeadlinePassed, at: datetime) -> Step:
    return _error(program, at, event.detail, do.RemoveContainer(), interrupts=True)


def _exited(program: Program, event: on.Exited, at: datetime) -> Step:
    policy = program.options.restart_policy
    history = program.restarts.settled(policy, program.container_started_at, at)
    cleanup = (do.CloseProxy(), do.RemoveContainer())
    changes: dict[str, Any] = {"exit_reason": event.exit_reason, "restarts": history, "interrupts": True}
    if not policy.wants_restart(event.exit_reason):
        if event.exit_reason.is_success:
            changes |= {"desired": DesiredState.STOPPED, "container_id": None}
            return _to(program, at, S.STOPPED, *cleanup, **changes)
        return _error(program, at, event.detail, *cleanup, **changes)
    if history.is_spent(policy):
        return _error(program, at, _crash_loop(policy, event), *cleanup, **changes)
    delay = history.next_delay(policy, str(program.id))
    start = do.StartContainer(delay)
    changes |= {"restarts": history.with_restart(at), "next_restart_at": at + delay}
    changes |= {"error_msg": event.detail, "container_id": None}
    return _to(program, at, S.STARTING, *cleanup, start, **changes)


def _restart(program: Program, event: on.RestartRequested, at: datetime) -> Step:
    effects = (do.CloseProxy(), do.StopContainer())
    return _to(program, at, S.STOPPING, *effects, interrupts=True, restarts=RestartHistory())


def _cancel_build(program: Program, event: on.StopRequested, at: datetime) -> Step:
    step = _to(program, at, S.STOPPING, do.RemoveContainer(), interrupts=True, desired=DesiredState.STOPPED)
    return replace(step, then=on.StopCompleted(step.program.epoch))


def _stop(program: Program, event: on.StopRequested, at: datetime) -> Step:
    effects = (do.CloseProxy(), do.StopContainer())
    return _to(program, at, S.STOPPING, *effects, interrupts=True, desired=DesiredState.STOPPED)


def _stopped(program: Program, event: on.StopCompleted, at: datetime) -> Step:
    if program.desired is DesiredState.RUNNING:
        return _start_when_due(program, at)
    requested = ExitReason(ExitKind.REQUESTED)
    return _to(program, at, S.STOPPED, container_id=None, exit_reason=requested, error_msg="")


def _delete(program: Program, event: on.DeleteRequested, at: datetime) -> Step:
    state = S.STOPPING if program.state.is_active else program.state
    effects = (do.CloseProxy(), do.DeleteProgram())
    return _to(program, at, state, *effects, interrupts=True, desired=DesiredState.DELETED)


def _gone(program: Program, event: on.DeletionCompleted, at: datetime) -> Step:
    return Step(program, is_gone=True)


def _deletion_failed(program: Program, event: on.DeletionFailed, at: datetime) -> Step:
    return _error(program, at, event.detail, do.RemoveContainer())


def _error(program: Program, at: datetime, message: str, *effects: Effect, **changes: Any) -> Step:
    changes |= {"desired": DesiredState.STOPPED, "container_id": None, "error_msg": message}
    return _to(program, at, S.ERROR, *effects, **changes)


def _crash_loop(policy: RestartPolicy, event: on.Exited | on.HealthCheckFailed) -> str:
    return f"crash loop: {policy.max_restarts} restarts within {policy.window}; {event.detail}"


def _start_when_due(program: Program, at: datetime, **changes: Any) -> Step:
    """Start a container; one whose restart waits starts when that is due."""
    due = program.next_restart_at
    delay = timedelta() if due is None else max(timedelta(), due - at)
    start = do.StartContainer(delay)
    return _to(program, at, S.STARTING, start, container_id=None, next_restart_at=due, **changes)


def _clean_up(program: Program, event: on.LeftoverFound, at: datetime) -> Step:
    return Step(program, (do.RemoveContainer(),))


def _overdue(program: Program, event: on.DeadlinePassed, at: datetime) -> Step:
    return _error(program, at, event.detail, do.CloseProxy(), do.RemoveContainer(), interrupts=True)


def _outgrown(program: Program, event: on.StateLimitPassed, at: datetime) -> Step:
    """Killed, whatever its restart policy: what it has written is still there, and it would go on."""
    reason = ExitReason(ExitKind.STATE_LIMIT)
    return _error(program, at, event.detail, do.CloseProxy(), do.RemoveContainer(), interrupts=True, exit_reason=reason)


def _take_up(program: Program, event: on.HostRestarted, at: datetime) -> Step:
    """Go on where the Host before was killed: what runs is adopted, what was half done is done again."""
    anew: dict[str, Any] = {"interrupts": True, "state_since": at}
    if program.is_being_deleted:
        return _to(program, at, program.state, do.CloseProxy(), do.DeleteProgram(), **anew)
    match program.state:
        case S.BUILDING:
            return _to(program, at, S.BUILDING, do.PrepareFolders(), do.BuildImage(), **anew)
        case S.BUILT:
            return _then_create(_to(program, at, S.BUILT, **anew))
        case S.STARTING | S.RUNNING | S.READY:
            return _adopt(program, event.found, at, anew)
        case S.STOPPING:
            due = program.next_restart_at
            return _to(program, at, S.STOPPING, do.CloseProxy(), do.StopContainer(), next_restart_at=due, **anew)
        case S.CREATED | S.STOPPED | S.ERROR:
            return _to(program, at, program.state, do.RemoveContainer(), **anew)
        case _:
            assert_never(program.state)


def _adopt(program: Program, found: on.FoundContainer | None, at: datetime, anew: dict[str, Any]) -> Step:
    # While a restart waits, what is found is the container before, whose exit has been counted.
    waits = program.next_restart_at is not None and at < program.next_restart_at
    if found is None or (not found.is_running and (waits or found.exit_reason is None)):
        return _start_when_due(program, at, **anew)
    port = found.publish_port or program.publish_port
    present = replace(program, container_id=found.container_id, endpoint=found.endpoint, publish_port=port)
    if found.exit_reason is not None:
        return _exited(present, on.Exited(program.epoch, found.exit_reason, found.log_tail), at)
    if program.state is S.READY:
        return _serve(present, at, do.WatchExit(), **anew)
    started_at = program.container_started_at if program.state is S.RUNNING else at
    effects = (do.WatchExit(), do.ProbeReadiness())
    return _to(present, at, S.RUNNING, *effects, container_started_at=started_at, **anew)


_AFTER_EXIT = Row((S.STOPPED, S.STARTING, S.ERROR), _exited)

_ADOPTED = (S.STARTING, S.RUNNING, S.STOPPED, S.ERROR)
_TAKEN_UP = {S.STARTING: _ADOPTED, S.RUNNING: _ADOPTED, S.READY: (S.STARTING, S.READY, S.STOPPED, S.ERROR)}

TABLE: Mapping[tuple[S, EventType], Row] = {
    (S.CREATED, on.StartRequested): Row((S.BUILDING,), _start),
    (S.BUILDING, on.BuildSucceeded): Row((S.BUILT,), _built),
    (S.BUILDING, on.BuildFailed): Row((S.ERROR,), _failed),
    (S.BUILT, on.CreationBegun): Row((S.STARTING,), _create),
    (S.STARTING, on.ContainerStarted): Row((S.RUNNING,), _running),
    (S.STARTING, on.PortExchanged): Row((S.STARTING,), _another_port),
    (S.STARTING, on.ImageMissing): Row((S.BUILDING,), _build_again),
    (S.STARTING, on.StartFailed): Row((S.ERROR,), _failed),
    (S.RUNNING, on.ReadinessReached): Row((S.READY,), _ready),
    (S.RUNNING, on.ReadinessDeadlinePassed): Row((S.ERROR,), _never_ready),
    **{(state, on.Exited): _AFTER_EXIT for state in S if state in ALIVE},
    **{(state, on.StateLimitPassed): Row((S.ERROR,), _outgrown) for state in S if state in ALIVE},
    (S.READY, on.HealthCheckFailed): Row((S.READY, S.STOPPING, S.ERROR), _unhealthy),
    (S.READY, on.HealthRestored): Row((S.READY,), _healthy_again),
    **{(state, on.RestartRequested): Row((S.STOPPING,), _restart) for state in S if state in ALIVE},
    (S.BUILDING, on.StopRequested): Row((S.STOPPING,), _cancel_build),
    (S.BUILT, on.StopRequested): Row((S.STOPPING,), _stop),
    (S.STARTING, on.StopRequested): Row((S.STOPPING,), _stop),
    (S.RUNNING, on.StopRequested): Row((S.STOPPING,), _stop),
    (S.READY, on.StopRequested): Row((S.STOPPING,), _stop),
    (S.STOPPING, on.StopCompleted): Row((S.STOPPED, S.STARTING), _stopped),
    (S.STOPPING, on.StopFailed): Row((S.ERROR,), _failed),
    (S.STOPPED, on.StartRequested): Row((S.STARTING, S.BUILDING), _start),
    (S.ERROR, on.StartRequested): Row((S.STARTING, S.BUILDING), _start),
    **{(state, on.DeadlinePassed): Row((S.ERROR,), _overdue) for state in S if state in TRANSITIONAL},
    **{(state, on.HostRestarted): Row(_TAKEN_UP.get(state, (state,)), _take_up) for state in S},
    **{(state, on.DeleteRequested): Row((S.STOPPING if state.is_active else state,), _delete) for state in S},
    **{(state, on.DeletionCompleted): Row((), _gone) for state in S},
    **{(state, on.DeletionFailed): Row((S.ERROR,), _deletion_failed) for state in S},
    **{(state, on.LeftoverFound): Row((state,), _clean_up) for state in S if state in RESTING},
}
