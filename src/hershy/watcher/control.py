"""What a managed function raises to end its own Watcher."""


class ControlError(Exception):
    """``reason`` is kept: it is in the logs and in ``GET /watcher/state``."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class StopWatcher(ControlError):
    """The work is done: cleanup runs, and the Watcher is *Stopped* for good."""


class KillWatcher(ControlError):
    """Nothing more may be touched: no cleanup, and the Watcher is *Killed* for good."""


class CrashWatcher(ControlError):
    """This execution has failed: the recovery policy decides what follows, as for any other exception."""
