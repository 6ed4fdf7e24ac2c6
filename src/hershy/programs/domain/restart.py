"""Whether, and after which delay, a program that died is started again."""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hershy.core.exits import ExitReason
from hershy.core.field_types import require_types
from hershy.errors import InvalidValue

LARGEST_JITTER = 0.25
"""Nomad's share; enough to tear apart programs that died of one cause."""
_TICK = timedelta(microseconds=1)


class RestartMode(StrEnum):
    """When an exit is followed by a start: never, after a failure, or after any exit."""

    NO = "no"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """At most ``max_restarts`` within ``window``, each after a delay that doubles from ``base_delay`` to ``max_delay``.

    A container that lived for ``stable_after`` counts as healthy again: the delay starts from the base. The
    budget still holds, so a program that dies regularly ends as a crash loop.
    """

    mode: RestartMode = RestartMode.NO
    base_delay: timedelta = timedelta(seconds=1)
    max_delay: timedelta = timedelta(minutes=1)
    max_restarts: int = 5
    window: timedelta = timedelta(minutes=10)
    stable_after: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        require_types("restart_policy", self)
        if self.max_restarts < 1:
            raise InvalidValue("restart_policy: max_restarts must be at least 1", remedy="use mode 'no' for none")
        if not timedelta() <= self.base_delay <= self.max_delay:
            raise InvalidValue("restart_policy: delays must satisfy 0 <= base_delay <= max_delay")

    def wants_restart(self, exit_reason: ExitReason) -> bool:
        match self.mode:
            case RestartMode.NO:
                return False
            case RestartMode.ON_FAILURE:
                return not exit_reason.is_success
            case RestartMode.ALWAYS:
                return True


@dataclass(frozen=True, slots=True)
class RestartHistory:
    """Automatic restarts so far: the moments within the budget's window, and the streak of unstable runs.

    ``count``: all of them since the program was last asked to start.
    """

    restarts: tuple[datetime, ...] = ()
    streak: int = 0
    count: int = 0

    def settled(self, policy: RestartPolicy, started_at: datetime | None, now: datetime) -> "RestartHistory":
        """As of an exit at ``now``: moments outside the window are forgotten, a stable run ends the streak.

        ``started_at`` is when the container that exited had started.
        """
        recent = tuple(moment for moment in self.restarts if now - moment < policy.window)
        was_stable = started_at is not None and now - started_at >= policy.stable_after
        return RestartHistory(recent, 0 if was_stable else self.streak, self.count)

    def is_spent(self, policy: RestartPolicy) -> bool:
        """Whether the budget allows no further restart within the window."""
        return len(self.restarts) >= policy.max_restarts

    def next_delay(self, policy: RestartPolicy, key: str) -> timedelta:
        """``min(base_delay * 2**streak, max_delay)``, shortened by up to a quarter so that programs spread out.

        By how much is a hash of ``key``, the program's id, and the count: equal arguments give an equal delay.
        """
        # In whole numbers: doubled often, a long delay leaves what a timedelta can hold before the cap is taken.
        base, most = policy.base_delay // _TICK, policy.max_delay // _TICK
        longest = min(base << min(self.streak, 64), most) * _TICK
        return longest * (1 - LARGEST_JITTER * zlib.crc32(f"{key} {self.count}".encode()) / 2**32)

    def with_restart(self, now: datetime) -> "RestartHistory":
        return RestartHistory((*self.restarts, now), self.streak + 1, self.count + 1)
