"""What follows a failure: a short wait, a longer one, or the end. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


class Recovery(Enum):
    RETRY = "wait, then be Ready again"
    RECOVER = "wait in WaitRecover, then run again"
    CRASH = "crash"


@dataclass(frozen=True, slots=True)
class RecoveryPolicy:
    """Counts consecutive failures: one success starts from zero.

    Below ``min_consecutive_failures`` a failure waits one of ``lightweight_retry_delays`` (the last repeats); from
    there on ``base_retry_delay``, doubling, at most ``max_retry_delay``; at ``max_consecutive_failures`` it is over.
    """

    min_consecutive_failures: int = 3
    max_consecutive_failures: int = 6
    lightweight_retry_delays: tuple[timedelta, ...] = (
        timedelta(seconds=15),
        timedelta(seconds=30),
        timedelta(seconds=60),
    )
    base_retry_delay: timedelta = timedelta(seconds=5)
    max_retry_delay: timedelta = timedelta(minutes=5)

    def __post_init__(self) -> None:
        if not 1 <= self.min_consecutive_failures <= self.max_consecutive_failures:
            raise ValueError("1 <= min_consecutive_failures <= max_consecutive_failures must hold")
        if self.min_consecutive_failures > 1 and not self.lightweight_retry_delays:
            raise ValueError("lightweight_retry_delays is empty, but min_consecutive_failures is above 1")
        if min(*self.lightweight_retry_delays, self.base_retry_delay, self.max_retry_delay) < timedelta():
            raise ValueError("a delay is negative")

    def after(self, failures: int) -> tuple[Recovery, timedelta]:
        """What the ``failures``-th failure in a row comes to, and how long to wait before it."""
        if failures >= self.max_consecutive_failures:
            return Recovery.CRASH, timedelta()
        if failures < self.min_consecutive_failures:
            delays = self.lightweight_retry_delays
            return Recovery.RETRY, delays[min(failures, len(delays)) - 1]
        doublings = min(failures - self.min_consecutive_failures, 60)
        factor = min(2**doublings, self.max_retry_delay / self.base_retry_delay) if self.base_retry_delay else 0
        return Recovery.RECOVER, min(self.base_retry_delay * factor, self.max_retry_delay)
