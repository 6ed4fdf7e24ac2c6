"""The part of the Runtime contract that is about events."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from hershy.core.ids import ContainerID
from hershy.errors import EngineUnavailable
from hershy.programs.ports.runtime import ContainerEvent, ContainerEventKind, Runtime

from ._runtime_base import DEADLINE_S, FOREVER, PAUSE, Interruptible, MakeSpec, RuntimeContractBase, Script

STARTED, EXITED, REMOVED = ContainerEventKind.STARTED, ContainerEventKind.EXITED, ContainerEventKind.REMOVED
PROMPTLY_S = 1.0
"""An exit has to be known within a second, so has the end of the engine."""


async def following(events: AsyncIterator[ContainerEvent], count: int = 1) -> list[ContainerEvent]:
    async with asyncio.timeout(DEADLINE_S):
        return [await anext(events) for _ in range(count)]


@pytest.mark.asyncio
class RuntimeEventsContract(RuntimeContractBase):
    """What subscribers hear, of whom, and how a subscription ends."""

    async def test_events_tell_a_life(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Start, exit and removal come in order, with the ids and a time in UTC."""
        spec = make_spec(Script(exit_code=3, pause_before_exit=PAUSE))
        async with runtime.events() as events:
            container_id = await self.started(runtime, spec)
            await self.ended(runtime, container_id)
            await runtime.remove(container_id)
            seen = await following(events, 3)
        assert [event.kind for event in seen] == [STARTED, EXITED, REMOVED]
        assert {(event.program_id, event.container_id) for event in seen} == {(spec.program_id, container_id)}
        assert [event.at for event in seen] == sorted(event.at for event in seen)
        assert all(event.at.utcoffset() == timedelta() for event in seen)

    async def test_removal_of_what_runs_is_an_exit_too(self, runtime: Runtime, running: ContainerID) -> None:
        """A container that is killed to be removed is told to have ended first; nothing from before is told."""
        async with runtime.events() as events:
            await runtime.remove(running)
            assert [event.kind for event in await following(events, 2)] == [EXITED, REMOVED]

    async def test_events_come_at_once(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """What follows directly upon entering is told, to who waits for it already, within a second."""
        container_id = await runtime.create(make_spec(FOREVER))
        async with runtime.events() as events:
            waiting = asyncio.ensure_future(anext(events))
            await runtime.start(container_id)
            async with asyncio.timeout(PROMPTLY_S):
                assert (await waiting).kind is STARTED

    async def test_events_of_this_owner_only(
        self, runtime: Runtime, other_runtime: Runtime, make_spec: MakeSpec
    ) -> None:
        """Each owner hears of its own containers."""
        async with runtime.events() as events, other_runtime.events() as others:
            theirs = await self.started(other_runtime, make_spec(FOREVER))
            mine = await self.started(runtime, make_spec(FOREVER))
            assert [event.container_id for event in await following(events)] == [mine]
            assert [event.container_id for event in await following(others)] == [theirs]

    async def test_every_subscriber_hears_everything(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Reading by one takes nothing from another; one that has left disturbs nobody."""
        async with runtime.events() as one:
            async with runtime.events() as other:
                container_id = await self.started(runtime, make_spec(FOREVER))
                assert await following(one) == await following(other)
            await runtime.remove(container_id)
            assert [event.kind for event in await following(one, 2)] == [EXITED, REMOVED]

    async def test_wait_for_an_event_can_be_given_up(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A cancelled wait loses no event, and the subscription goes on."""
        async with runtime.events() as events:
            waiting = asyncio.ensure_future(anext(events))
            await self.settle()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await self.started(runtime, make_spec(FOREVER))
            assert [event.kind for event in await following(events)] == [STARTED]

    async def test_engine_that_goes_away_breaks_subscriptions(
        self, interruptible: Interruptible, make_spec: MakeSpec
    ) -> None:
        """What came before is given, then the reader learns at once that the engine has gone, however often it asks."""
        runtime = interruptible.runtime
        async with runtime.events() as idle, runtime.events() as events:
            await runtime.remove(await self.started(runtime, make_spec(FOREVER)))
            await following(idle)
            waiting = asyncio.ensure_future(self._to_the_end(idle))
            await self.settle()
            async with interruptible.outage():
                async with asyncio.timeout(PROMPTLY_S):
                    await waiting
                assert [event.kind for event in await following(events, 3)] == [STARTED, EXITED, REMOVED]
                for _ in range(2):
                    with pytest.raises(EngineUnavailable):
                        await following(events)
                with pytest.raises(EngineUnavailable):
                    await runtime.events().__aenter__()
            with pytest.raises(EngineUnavailable):
                await following(events)

    async def test_engine_that_has_come_back(self, interruptible: Interruptible, make_spec: MakeSpec) -> None:
        """A new subscription hears what happens from then on."""
        runtime = interruptible.runtime
        async with interruptible.outage():
            pass
        async with runtime.events() as events:
            await self.started(runtime, make_spec(FOREVER))
            assert [event.kind for event in await following(events)] == [STARTED]

    @staticmethod
    async def _to_the_end(events: AsyncIterator[ContainerEvent]) -> None:
        with pytest.raises(EngineUnavailable):
            async for _ in events:
                pass
