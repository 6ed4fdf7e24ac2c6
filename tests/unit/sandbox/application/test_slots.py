"""Slots: who has a place, who waits, who is sent away."""

import asyncio

import pytest

from hershy.core.ids import UserID
from hershy.errors import QuotaExceeded
from hershy.sandbox.application.slots import Slots

ALICE, BOB = UserID("alice"), UserID("bob")


class Holder:
    """Takes a slot in a task of its own, and holds it until told otherwise."""

    def __init__(self, slots: Slots, user_id: UserID | None = None) -> None:
        self.has_it = asyncio.Event()
        self.release = asyncio.Event()
        self.task = asyncio.ensure_future(self._hold(slots, user_id))

    async def _hold(self, slots: Slots, user_id: UserID | None) -> None:
        async with slots.taken(user_id):
            self.has_it.set()
            await self.release.wait()

    async def finish(self) -> None:
        self.release.set()
        await self.task


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_first_come_first_served() -> None:
    """Those that wait get their slots in the order they came."""
    slots = Slots(most=1, per_user=9, queue=3)
    holders = [Holder(slots) for _ in range(4)]
    for number, holder in enumerate(holders):
        async with asyncio.timeout(10):
            await holder.has_it.wait()
        assert [it.has_it.is_set() for it in holders[number + 1 :]] == [False] * (3 - number)
        await holder.finish()


async def test_full() -> None:
    """Who finds all slots taken and the queue full is sent away at once, and takes no place."""
    slots = Slots(most=1, per_user=9, queue=1)
    first, second = Holder(slots), Holder(slots)
    await settle()
    for _ in range(3):
        with pytest.raises(QuotaExceeded, match="1 runs are under way and 1 wait; try again"):
            await asyncio.wait_for(slots.taken(None).__aenter__(), 10)
    await first.finish()
    third = Holder(slots)
    await second.finish()
    await third.finish()


async def test_share_of_a_user() -> None:
    """Running and waiting count; another user, and who is none, have shares of their own."""
    slots = Slots(most=1, per_user=2, queue=9)
    holders = [Holder(slots, ALICE), Holder(slots, ALICE)]
    await settle()
    with pytest.raises(QuotaExceeded, match="user alice has 2 runs under way or waiting"):
        await asyncio.wait_for(slots.taken(ALICE).__aenter__(), 10)
    holders += [Holder(slots, BOB), Holder(slots), Holder(slots), Holder(slots)]
    await settle()
    assert not [it for it in holders if it.task.done()]
    await holders[0].finish()
    holders.append(Holder(slots, ALICE))
    async with asyncio.timeout(10):
        await asyncio.gather(*(it.finish() for it in holders))


async def test_turns_of_users() -> None:
    """Who comes after several of another user's waits for the next of them, not for all."""
    slots = Slots(most=1, per_user=3, queue=9)
    alices = [Holder(slots, ALICE) for _ in range(3)]
    bobs = Holder(slots, BOB)
    await settle()
    for first in *alices[:2], bobs, alices[2]:
        await settle()
        assert [it for it in (*alices, bobs) if it.has_it.is_set() and not it.task.done()] == [first]
        await first.finish()


async def test_cancelled_while_waiting() -> None:
    """The place in the queue is free again, and the user's share."""
    slots = Slots(most=1, per_user=1, queue=1)
    first, second = Holder(slots), Holder(slots, ALICE)
    await settle()
    second.task.cancel()
    await asyncio.wait({second.task})
    third = Holder(slots, ALICE)
    await first.finish()
    await third.finish()


async def test_cancelled_as_the_slot_comes_free() -> None:
    """Whoever is cancelled on the verge of a slot takes none with it."""
    for turns in range(5):
        slots = Slots(most=1, per_user=1, queue=2)
        first, second, third = Holder(slots), Holder(slots), Holder(slots)
        await settle()
        first.release.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        second.task.cancel()
        async with asyncio.timeout(10):
            await asyncio.wait({second.task})
            await third.finish()
            async with slots.taken(None):
                pass


async def test_failure_frees_the_slot() -> None:
    """Whatever comes of it, the slot is given back."""
    slots = Slots(most=1, per_user=1, queue=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with slots.taken(ALICE):
                raise ZeroDivisionError
