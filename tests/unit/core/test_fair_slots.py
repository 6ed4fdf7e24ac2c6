"""Slots by turns: whatever users do, nobody has too many, nobody is passed over, and no slot is lost."""

import asyncio
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hershy.core.fair_slots import FairSlots
from hershy.core.ids import UserID

MOST, PER_USER = 3, 2
USERS = [None, UserID("alice"), UserID("bob"), UserID("carol")]


class Visit:
    """One task that takes a slot and keeps it until it is told to go."""

    def __init__(self, slots: FairSlots, user: UserID | None, order: "list[Visit]") -> None:
        self.user = user
        self.go = asyncio.Event()
        self.holds = False
        self._order = order
        self.task = asyncio.create_task(self._run(slots))

    async def _run(self, slots: FairSlots) -> None:
        async with slots.taken(self.user):
            self.holds = True
            self._order.append(self)
            try:
                await self.go.wait()
            finally:
                self.holds = False

    @property
    def waits(self) -> bool:
        return not self.task.done() and not self.holds


class Turns(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.loop = self.runner.get_loop()
        self.slots = FairSlots(MOST, PER_USER)
        self.visits: list[Visit] = []
        self.order: list[Visit] = []

    def settle(self, turns: int = 8) -> None:
        async def pass_turns() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)

        self.runner.run(pass_turns())

    async def _arrive(self, user: UserID | None) -> None:
        self.visits.append(Visit(self.slots, user, self.order))

    @rule(user=st.sampled_from(USERS))
    def arrive(self, user: UserID | None) -> None:
        self.runner.run(self._arrive(user))
        self.settle()

    @precondition(lambda self: any(it.holds for it in self.visits))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """The slot goes to a user who holds the least of those that wait and may have one."""
        leaving = data.draw(st.sampled_from([it for it in self.visits if it.holds]))
        held = Counter(it.user for it in self.visits if it.holds)
        held[leaving.user] -= 1
        eligible = {it.user for it in self.visits if it.waits and held[it.user] < PER_USER}
        leaving.go.set()
        before = len(self.order)
        self.settle()
        served = [it.user for it in self.order[before:]]
        assert bool(served) == bool(eligible)
        if served:
            assert held[served[0]] == min(held[user] for user in eligible)

    @precondition(lambda self: any(not it.task.done() for it in self.visits))
    @rule(data=st.data(), turns=st.integers(0, 3))
    def cancel_at_some_moment(self, data: st.DataObject, turns: int) -> None:
        """Beside somebody's end, so that the slot is perhaps being given to the one that is cancelled."""
        for holder in [it for it in self.visits if it.holds][:1]:
            holder.go.set()
        self.settle(turns)
        alive = [it for it in self.visits if not it.task.done()]
        if alive:
            data.draw(st.sampled_from(alive)).task.cancel()
        self.settle()

    @invariant()
    def no_more_than_allowed(self) -> None:
        held = Counter(it.user for it in self.visits if it.holds)
        assert held.total() <= MOST
        assert all(count <= PER_USER for count in held.values())
        assert self.slots.held == held.total()
        assert self.slots.waiting == sum(it.waits for it in self.visits)

    @invariant()
    def no_slot_is_idle_while_somebody_may_have_it(self) -> None:
        assert not any(it.waits and self.slots.has_one_for(it.user) for it in self.visits)

    @invariant()
    def first_come_first_served_within_a_user(self) -> None:
        for user in USERS:
            arrived = [it for it in self.visits if it.user == user]
            served = [it for it in self.order if it.user == user]
            assert served == sorted(served, key=arrived.index)

    def teardown(self) -> None:
        for visit in self.visits:
            visit.task.cancel()
        self.settle()
        assert (self.slots.held, self.slots.waiting) == (0, 0)
        self.runner.close()


TestTurns = Turns.TestCase
TestTurns.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


async def test_users_take_turns_among_equals() -> None:
    """With one slot: one of a user's after one of another's, however many the first had asked for before."""
    slots, order = FairSlots(1), list[Visit]()
    first, second = UserID("alice"), UserID("bob")
    visits = [Visit(slots, first, order) for _ in range(4)]
    await asyncio.sleep(0)
    visits += [Visit(slots, second, order) for _ in range(2)]
    for visit in visits:
        visit.go.set()
    await asyncio.gather(*(it.task for it in visits))
    assert [it.user for it in order] == [first, first, second, first, second, first]


async def test_one_user_alone_has_every_slot_where_there_is_no_bound_for_each() -> None:
    slots, order = FairSlots(3), list[Visit]()
    visits = [Visit(slots, None, order) for _ in range(4)]
    await asyncio.sleep(0)
    assert [it.holds for it in visits] == [True, True, True, False]
    for visit in visits:
        visit.go.set()
    await asyncio.gather(*(it.task for it in visits))
