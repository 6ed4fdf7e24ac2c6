"""What every EventBus must do. Subclass EventBusContract and override its fixtures."""

import asyncio

import pytest

from hershy.programs.ports.event_bus import BuildLine, EventBus, EventsLost, Published

from ._samples import NOW, sample_program

ALICE = sample_program(1).id
BOB = sample_program(2, "bob").id


@pytest.mark.asyncio
class EventBusContract:
    """Override ``event_bus``, and ``buffer_size``: how many notices its subscribers may lag behind."""

    async def test_subscribers_get_what_is_published_in_order(self, event_bus: EventBus) -> None:
        """Ids grow by one, and nothing published before is seen."""
        event_bus.publish(ALICE, NOW, BuildLine("before"))
        async with event_bus.subscribe() as published:
            event_bus.publish(ALICE, NOW, BuildLine("one"))
            event_bus.publish(BOB, NOW, BuildLine("two"))
            first, second = await anext(published), await anext(published)
        assert first == Published(first.id, NOW, ALICE, BuildLine("one"))
        assert second == Published(first.id + 1, NOW, BOB, BuildLine("two"))

    async def test_a_subscriber_of_one_program_gets_no_other(self, event_bus: EventBus) -> None:
        """Filtered by program."""
        async with event_bus.subscribe(BOB) as published:
            event_bus.publish(ALICE, NOW, BuildLine("not mine"))
            event_bus.publish(BOB, NOW, BuildLine("mine"))
            assert (await anext(published)).notice == BuildLine("mine")

    async def test_every_subscriber_gets_everything(self, event_bus: EventBus) -> None:
        """Reading by one takes nothing from another."""
        async with event_bus.subscribe() as one, event_bus.subscribe() as other:
            event_bus.publish(ALICE, NOW, BuildLine("x"))
            assert await anext(one) == await anext(other)

    async def test_a_waiting_subscriber_is_woken(self, event_bus: EventBus) -> None:
        """Publishing ends a wait that had begun before."""
        async with event_bus.subscribe() as published:
            waiting = asyncio.ensure_future(anext(published))
            await asyncio.sleep(0)
            event_bus.publish(ALICE, NOW, BuildLine("x"))
            assert (await waiting).notice == BuildLine("x")

    async def test_one_who_falls_behind_is_told_how_much_is_lost(self, event_bus: EventBus, buffer_size: int) -> None:
        """The oldest are dropped, counted by one EventsLost before the next, and publishing never blocks."""
        async with event_bus.subscribe() as published:
            for number in range(buffer_size + 3):
                event_bus.publish(ALICE, NOW, BuildLine(str(number)))
            assert (await anext(published)).notice == EventsLost(3)
            assert [(await anext(published)).notice for _ in range(buffer_size)] == [
                BuildLine(str(number)) for number in range(3, buffer_size + 3)
            ]

    async def test_closing_ends_every_subscription(self, event_bus: EventBus) -> None:
        """What was published before is still delivered, then the iteration ends; so does a later one."""
        async with event_bus.subscribe() as published:
            event_bus.publish(ALICE, NOW, BuildLine("last"))
            await event_bus.aclose()
            await event_bus.aclose()
            assert [it.notice async for it in published] == [BuildLine("last")]
        async with event_bus.subscribe() as published:
            assert [it async for it in published] == []
