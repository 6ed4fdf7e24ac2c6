"""A Watcher's states, as they are named on the wire."""

from enum import StrEnum


class WatcherState(StrEnum):
    """*InitRun* is the first execution, *Running* any other, *Ready* the wait for a signal, *WaitRecover* a backoff.

    *Stopping* carries out what was accepted before the stop, then cleans up.
    """

    NOT_RUN = "NotRun"
    INIT_RUN = "InitRun"
    READY = "Ready"
    RUNNING = "Running"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    KILLED = "Killed"
    CRASHED = "Crashed"
    WAIT_RECOVER = "WaitRecover"

    @property
    def is_final(self) -> bool:
        return self in FINAL


FINAL = frozenset({WatcherState.STOPPED, WatcherState.KILLED, WatcherState.CRASHED})
"""States that nothing leads out of."""
