"""Slots that users share by turns, so that none takes them from the others."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hershy.core.ids import UserID


class FairSlots:
    """``most`` in all, and ``per_user`` of them one user's; None bounds a user by the whole alone.

    A free slot goes to whoever holds the fewest of those that wait and may have one more, and among equals to who has
    waited the longest for a turn. Within a user it is first come, first served. None is a user like others. Not for
    more than one event loop.
    """

    def __init__(self, most: int, per_user: int | None = None) -> None:
        self._most = most
        self._per_user = most if per_user is None else per_user
        self._held: Counter[UserID | None] = Counter()
        self._waiting: dict[UserID | None, deque[asyncio.Future[None]]] = {}  # in the order of turns

    @property
    def held(self) -> int:
        return self._held.total()

    @property
    def waiting(self) -> int:
        return sum(len(turns) for turns in self._waiting.values())

    def held_by(self, user: UserID | None) -> int:
        return self._held[user]

    def waited_for_by(self, user: UserID | None) -> int:
        return len(self._waiting.get(user, ()))

    def has_one_for(self, user: UserID | None) -> bool:
        """Whether the user would get a slot at once."""
        return self.held < self._most and self._held[user] < self._per_user

    @asynccontextmanager
    async def taken(self, user: UserID | None) -> AsyncIterator[None]:
        """Wait for a turn of the user's, and hold its slot. Cancelled at whatever moment, it leaves no slot held."""
        await self._acquire(user)
        try:
            yield
        finally:
            self._release(user)

    async def _acquire(self, user: UserID | None) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(user, deque()).append(turn)
        self._give_turns()
        try:
            await asyncio.shield(turn)
        except asyncio.CancelledError:
            if turn.done():  # given in the moment between the cancellation and its arrival here
                self._release(user)
            else:
                self._leave(user, turn)
            raise

    def _release(self, user: UserID | None) -> None:
        self._held[user] -= 1
        self._held += Counter()  # forgets who has none
        self._give_turns()

    def _leave(self, user: UserID | None, turn: asyncio.Future[None]) -> None:
        turns = self._waiting[user]
        turns.remove(turn)
        if not turns:
            del self._waiting[user]

    def _give_turns(self) -> None:
        while eligible := [user for user in self._waiting if self.has_one_for(user)]:
            user = min(eligible, key=lambda it: self._held[it])
            turns = self._waiting.pop(user)
            turns.popleft().set_result(None)
            self._held[user] += 1
            if turns:
                self._waiting[user] = turns  # behind the others
