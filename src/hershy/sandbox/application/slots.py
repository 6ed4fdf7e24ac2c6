"""How many runs are under way at one time, in all and of one user."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hershy.core.fair_slots import FairSlots
from hershy.core.ids import UserID
from hershy.errors import QuotaExceeded


class Slots:
    """``most`` at once, by turns of their users, and ``queue`` more that wait. Of these all, ``per_user`` are one
    user's."""

    def __init__(self, most: int, per_user: int, queue: int) -> None:
        self._most = most
        self._per_user = per_user
        self._queue = queue
        self._free = FairSlots(most)
        self._of_user: Counter[UserID] = Counter()
        self._taken_or_waited_for = 0

    @asynccontextmanager
    async def taken(self, user_id: UserID | None) -> AsyncIterator[None]:
        """Raises QuotaExceeded, at once, where too many wait already or the user has all that one user may have."""
        if self._taken_or_waited_for >= self._most + self._queue:
            raise QuotaExceeded(
                f"{self._most} runs are under way and {self._queue} wait",
                remedy="try again later; the operator's sandbox_at_once and sandbox_queue say how many there may be",
            )
        if user_id is not None and self._of_user[user_id] >= self._per_user:
            raise QuotaExceeded(
                f"user {user_id} has {self._per_user} runs under way or waiting",
                remedy="try again later; the operator's sandbox_at_once_per_user says how many there may be",
            )
        self._taken_or_waited_for += 1
        if user_id is not None:
            self._of_user[user_id] += 1
        try:
            async with self._free.taken(user_id):
                yield
        finally:
            self._taken_or_waited_for -= 1
            if user_id is not None:
                self._of_user[user_id] -= 1
                self._of_user += Counter()  # forgets who has none
