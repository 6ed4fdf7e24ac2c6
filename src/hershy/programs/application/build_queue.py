"""Whose build is next, and how many one user may have under way and waiting."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hershy.builds.builder import BuildOutput
from hershy.core.fair_slots import FairSlots
from hershy.core.ids import UserID
from hershy.errors import QuotaExceeded

from .policy import HostPolicy


class BuildQueue:
    """One slot for each program that builds, its owner's: also where several wait for one BuildID, of which the builder
    makes one build. So a build under way is held by everybody whose turn has come, and goes on when one of them leaves.
    """

    def __init__(self, limits: HostPolicy) -> None:
        self._per_user = limits.builds_per_user
        self._waiting_per_user = limits.waiting_builds_per_user
        self._slots = FairSlots(limits.concurrent_builds, limits.builds_per_user)

    @property
    def waiting(self) -> int:
        return self._slots.waiting

    def require_room(self, user: UserID, present: int) -> None:
        """Raises QuotaExceeded where the user, who has ``present`` builds under way or waiting, may have no more."""
        if self._per_user is None or self._waiting_per_user is None:
            return
        if present >= self._per_user + self._waiting_per_user:
            raise QuotaExceeded(
                f"user {user} has {present} builds under way or waiting",
                remedy="start it again once some have ended, or stop some; the operator's build_at_once_per_user and "
                "build_queue_per_user say how many there may be",
            )

    @asynccontextmanager
    async def turn(self, user: UserID, output: BuildOutput) -> AsyncIterator[None]:
        """Wait for the user's turn, and hold its slot; cancelled, give up its place. Raises QuotaExceeded at once."""
        self.require_room(user, self._slots.held_by(user) + self._slots.waited_for_by(user))
        if not self._slots.has_one_for(user):
            output("waiting: as many builds as this Host allows are under way, in all or of this user")
        async with self._slots.taken(user):
            yield
