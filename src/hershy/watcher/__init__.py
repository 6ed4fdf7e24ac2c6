"""A reactive framework: one managed function, run again whenever something it watches changes or a message comes.

    from hershy.watcher import StopWatcher, Watcher

    watcher = Watcher(env={"DEMO_NAME": "counter"})

    @watcher.manage("Counter")
    async def count(ctx, message):
        tick = ctx.watch_tick("tick", every=1)
        if message and message.content == "stop":
            raise StopWatcher("asked to")
        if tick.triggered:
            ctx.update("runs", lambda runs: (runs or 0) + 1)

    watcher.run()

Loads nothing of the Host's side: neither does that load anything of this.
"""

from .clock import Clock, SystemClock
from .config import WatcherConfig
from .context import Context
from .control import ControlError, CrashWatcher, KillWatcher, StopWatcher
from .errors import (
    AlreadyStarted,
    GivenUp,
    MemoLimitReached,
    NotRunning,
    QueueFull,
    RegistrationError,
    WatcherCrashed,
    WatcherError,
)
from .recovery import RecoveryPolicy
from .signals import Message, Trigger
from .states import WatcherState
from .values import SKIP, Failure, Skip, Update, Watched
from .watcher import Watcher

__all__ = [
    "SKIP",
    "AlreadyStarted",
    "Clock",
    "Context",
    "ControlError",
    "CrashWatcher",
    "Failure",
    "GivenUp",
    "KillWatcher",
    "MemoLimitReached",
    "Message",
    "NotRunning",
    "QueueFull",
    "RecoveryPolicy",
    "RegistrationError",
    "Skip",
    "StopWatcher",
    "SystemClock",
    "Trigger",
    "Update",
    "Watched",
    "Watcher",
    "WatcherConfig",
    "WatcherCrashed",
    "WatcherError",
    "WatcherState",
]
