"""How fast one user may register programs: each leaves a folder, rows of the database and of the journal behind."""

from math import ceil

from hershy.core.clock import Clock
from hershy.core.ids import UserID
from hershy.errors import QuotaExceeded

PERIOD_S = 60.0
ROUNDING_S = 1e-6


class RegistrationRate:
    """``per_minute`` for each user, all at once or spread (the generic cell rate algorithm)."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._free_at: dict[UserID, float] = {}  # when all of the user's are there again; the longest unused first

    def take(self, user: UserID, wanted: int) -> None:
        """Raises QuotaExceeded, with the time to wait, where the user may not register so many yet."""
        now = self._clock.monotonic()
        self._forget(now)
        if wanted > self._per_minute:
            raise QuotaExceeded(
                f"user {user} may register {self._per_minute} programs a minute, not {wanted} at once",
                remedy="register fewer at once; the operator's max_registrations_per_minute bounds them",
            )
        free_at = max(self._free_at.get(user, now), now) + wanted * PERIOD_S / self._per_minute
        early_s = free_at - now - PERIOD_S
        if early_s > ROUNDING_S:
            raise QuotaExceeded(
                f"user {user} has registered as many programs as a user may within a minute, {self._per_minute}",
                remedy=f"try again in {ceil(early_s)} s; the operator's max_registrations_per_minute bounds them",
                retry_after_s=early_s,
            )
        self._free_at.pop(user, None)
        self._free_at[user] = free_at

    def _forget(self, now: float) -> None:
        while self._free_at and self._free_at[user := next(iter(self._free_at))] <= now:
            del self._free_at[user]
