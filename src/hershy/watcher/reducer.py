"""The state machine: ``TABLE`` has one row per legal (state, event). Pure; nothing else decides a transition.

Its rules, in short:

* An event is a signal that is taken up, or how the effect before it ended. Effects are carried out one at a time.
* The first execution is ``InitRun`` until one has succeeded: a program whose first execution failed watches nothing,
  so nothing but the Watcher itself would ever run it again.
* ``Stopping`` goes on executing what was accepted before the stop. Failures don't wait there: there is no later.
* A stop asked for twice is one stop; one asked for after the end changes nothing.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from .errors import IllegalTransition
from .states import WatcherState as S


class Event(StrEnum):
    START = "start"
    STOP = "stop"
    MESSAGE = "UserSig"
    CHANGES = "VarSig"
    FIRST_RUN_DUE = "first run due"
    RUN_DUE = "run due"
    RETURNED = "returned"
    STOP_RAISED = "StopWatcher"
    KILL_RAISED = "KillWatcher"
    FAILED_LIGHTLY = "failed"
    FAILED_REPEATEDLY = "failed repeatedly"
    FAILED_FOR_GOOD = "failed for good"
    WAITED = "waited"
    DRAINED = "nothing left to execute"
    CLEANED_UP = "cleaned up"


class Effect(StrEnum):
    NEXT = "take the next signal"
    RUN = "run the managed function"
    WAIT = "wait, unless a stop comes"
    CLEAN_UP = "run the cleanup function"
    END = "close what is watched, and end"


Row = tuple[S, Effect]


def _while_executing(state: S) -> dict[tuple[S, Event], Row]:
    return {
        (state, Event.RETURNED): (S.READY, Effect.NEXT),
        (state, Event.STOP_RAISED): (S.STOPPING, Effect.CLEAN_UP),
        (state, Event.KILL_RAISED): (S.KILLED, Effect.END),
        (state, Event.FAILED_LIGHTLY): (state, Effect.WAIT),
        (state, Event.FAILED_REPEATEDLY): (S.WAIT_RECOVER, Effect.WAIT),
        (state, Event.FAILED_FOR_GOOD): (S.CRASHED, Effect.CLEAN_UP),
        (state, Event.WAITED): (S.READY, Effect.NEXT),
        (state, Event.STOP): (S.STOPPING, Effect.NEXT),
    }


TABLE: Final[Mapping[tuple[S, Event], Row]] = {
    (S.NOT_RUN, Event.START): (S.INIT_RUN, Effect.RUN),
    (S.NOT_RUN, Event.STOP): (S.STOPPED, Effect.END),
    **_while_executing(S.INIT_RUN),
    **_while_executing(S.RUNNING),
    (S.READY, Event.MESSAGE): (S.RUNNING, Effect.RUN),
    (S.READY, Event.CHANGES): (S.RUNNING, Effect.RUN),
    (S.READY, Event.FIRST_RUN_DUE): (S.INIT_RUN, Effect.RUN),
    (S.READY, Event.STOP): (S.STOPPING, Effect.NEXT),
    (S.WAIT_RECOVER, Event.WAITED): (S.WAIT_RECOVER, Effect.NEXT),
    (S.WAIT_RECOVER, Event.FIRST_RUN_DUE): (S.INIT_RUN, Effect.RUN),
    (S.WAIT_RECOVER, Event.RUN_DUE): (S.RUNNING, Effect.RUN),
    (S.WAIT_RECOVER, Event.STOP): (S.STOPPING, Effect.NEXT),
    (S.STOPPING, Event.MESSAGE): (S.STOPPING, Effect.RUN),
    (S.STOPPING, Event.CHANGES): (S.STOPPING, Effect.RUN),
    (S.STOPPING, Event.RETURNED): (S.STOPPING, Effect.NEXT),
    (S.STOPPING, Event.FAILED_LIGHTLY): (S.STOPPING, Effect.NEXT),
    (S.STOPPING, Event.FAILED_REPEATEDLY): (S.STOPPING, Effect.NEXT),
    (S.STOPPING, Event.FAILED_FOR_GOOD): (S.STOPPING, Effect.NEXT),
    (S.STOPPING, Event.STOP_RAISED): (S.STOPPING, Effect.CLEAN_UP),
    (S.STOPPING, Event.KILL_RAISED): (S.KILLED, Effect.END),
    (S.STOPPING, Event.DRAINED): (S.STOPPING, Effect.CLEAN_UP),
    (S.STOPPING, Event.CLEANED_UP): (S.STOPPED, Effect.END),
    (S.CRASHED, Event.CLEANED_UP): (S.CRASHED, Effect.END),
}


def reduce(state: S, event: Event) -> Row:
    """The state after ``event``, and what is to be done now. Raises IllegalTransition when the table has no row."""
    row = TABLE.get((state, event))
    if row is None:
        raise IllegalTransition(state, event)
    return row
