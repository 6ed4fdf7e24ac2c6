"""A Watcher's limits."""

from dataclasses import dataclass, field
from datetime import timedelta

from .recovery import RecoveryPolicy


@dataclass(frozen=True, slots=True)
class WatcherConfig:
    """Every limit has a default that suits a program in a container of a few tens of MiB.

    timeout            for one execution, and for one poll of a ``watch_call``
    cleanup_timeout    for the cleanup function
    stop_timeout       how long a stop waits for the execution under way and for messages accepted before it. Below
                       the ten seconds between SIGTERM and SIGKILL, so that cleanup gets its turn
    cancel_grace       how long a function that was cancelled may take to end before it is given up
    signal_capacity    messages that wait at most; then senders wait
    max_watches, max_memo_entries, max_log_entries (of each of the five logs)
    """

    timeout: timedelta = timedelta(minutes=1)
    cleanup_timeout: timedelta = timedelta(minutes=5)
    stop_timeout: timedelta = timedelta(seconds=5)
    cancel_grace: timedelta = timedelta(seconds=1)
    signal_capacity: int = 50_000
    max_watches: int = 1_000
    max_memo_entries: int = 1_000
    max_log_entries: int = 50_000
    recovery: RecoveryPolicy = field(default_factory=RecoveryPolicy)

    def __post_init__(self) -> None:
        for name in ("timeout", "cleanup_timeout", "stop_timeout", "cancel_grace"):
            if getattr(self, name) <= timedelta():
                raise ValueError(f"{name} must be more than zero")
        for name in ("signal_capacity", "max_watches", "max_memo_entries", "max_log_entries"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more")

    @property
    def changes_per_watch(self) -> int:
        """Updates of one ``watch_call`` that wait at most; then its polling waits. All of them fit the capacity."""
        return max(1, self.signal_capacity // self.max_watches)
