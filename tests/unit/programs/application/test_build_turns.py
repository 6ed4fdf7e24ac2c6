"""Builds of several users: by turns, within bounds, and each at nobody else's mercy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from dependency_injector import providers

from hershy.access.principals import Authentication
from hershy.builds.builder import BuildOutput, BuildRequest
from hershy.core.ids import ImageID
from hershy.errors import QuotaExceeded
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState as S
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy.wiring import Settings
from hershy_adapters._shared_build import SharedBuilds
from hershy_adapters.memory.builder import InMemoryBuilder

SLEEPING = "FROM scratch\n# {} sleeps"


class HeldBuilder(InMemoryBuilder):
    """Builds of Dockerfiles that say ``sleeps`` go on until ``awake``; ``under_way`` and ``ended`` name their users."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.awake = asyncio.Event()
        self.under_way: list[str] = []
        self._sleeping = SharedBuilds(self._clock)

    async def build(self, request: BuildRequest, output: BuildOutput) -> ImageID:
        async def sleep(emit: BuildOutput) -> ImageID:
            self.under_way.append(request.spec.dockerfile)
            try:
                await self.awake.wait()
                return await InMemoryBuilder.build(self, request, emit)
            finally:
                self.under_way.remove(request.spec.dockerfile)

        if "sleeps" not in request.spec.dockerfile:
            return await super().build(request, output)
        return await self._sleeping.run(request, output, sleep)


@asynccontextmanager
async def held_twins(**settings: Any) -> AsyncIterator[tuple[Twins, HeldBuilder]]:
    container = twin_container(build_timeout_s=10**9, **settings)
    builder = HeldBuilder(container.clock())
    container.builder.override(providers.Object(builder))
    container.host.add_kwargs(sweeps=False)
    async with open_twins(container) as twins:
        yield twins, builder


async def started(twins: Twins, user: str, count: int = 1, dockerfile: str = SLEEPING) -> list[Program]:
    programs = [await twins.create(dockerfile.format(f"{user}-{index}"), user) for index in range(count)]
    for program in programs:
        await twins.host.start(program.id)
    await settle()
    return programs


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def state(twins: Twins, program: Program) -> S:
    return (await twins.host.get(program.id)).state


async def test_anothers_build_goes_through_while_one_user_has_six_that_sleep() -> None:
    """Two of the four slots are all that one user gets."""
    async with held_twins(auth="tokens") as (twins, builder):
        sleeping = await started(twins, "alice", 6)
        assert len(builder.under_way) == 2
        (quick,) = await started(twins, "bob", dockerfile="FROM scratch\n# {}")
        async with asyncio.timeout(10):
            await twins.host.wait_for(quick.id, S.READY)
        assert {await state(twins, it) for it in sleeping} == {S.BUILDING}


async def test_without_tokens_every_slot_is_everybodys() -> None:
    """Nobody is told apart then: one name may build as many as there are slots."""
    async with held_twins() as (twins, builder):
        await started(twins, "alice", 6)
        assert len(builder.under_way) == 4


async def test_too_many_that_wait_are_refused_and_change_nothing() -> None:
    """Beyond what runs and waits a start is a QuotaExceeded with a remedy; a stop makes room; others are let in."""
    async with held_twins(auth="tokens", concurrent_builds=2, build_queue_per_user=1) as (twins, _):
        first, second = await started(twins, "alice", 2)
        third = await twins.create(SLEEPING.format("third"), "alice")
        with pytest.raises(QuotaExceeded, match="user alice has 2 builds under way or waiting") as refusal:
            await twins.host.start(third.id)
        assert "build_queue_per_user" in (refusal.value.remedy or "")
        assert await state(twins, third) is S.CREATED
        await started(twins, "bob")
        await twins.host.stop(second.id)
        await twins.host.wait_for(second.id, S.STOPPED)
        await twins.host.start(third.id)
        assert await state(twins, first) is await state(twins, third) is S.BUILDING


async def test_a_build_shared_by_two_users_survives_the_one_that_leaves() -> None:
    """Both hold a slot for the one build; when its first owner stops, the other's goes on to its image."""
    async with held_twins(auth="tokens") as (twins, builder):
        shared = "FROM scratch\n# sleeps"
        (alices,) = await started(twins, "alice", dockerfile=shared)
        (bobs,) = await started(twins, "bob", dockerfile=shared)
        assert builder.under_way == [shared]
        await twins.host.stop(alices.id)
        await twins.host.wait_for(alices.id, S.STOPPED)
        assert builder.under_way == [shared]
        builder.awake.set()
        async with asyncio.timeout(10):
            await twins.host.wait_for(bobs.id, S.READY)
        assert builder.builds == 1


async def test_a_stopped_build_gives_up_its_place() -> None:
    """Whether it waits or is under way: the next one of the user's takes it."""
    async with held_twins(auth="tokens", concurrent_builds=1) as (twins, builder):
        first, second, third = await started(twins, "alice", 3)
        for program in (second, first):
            await twins.host.stop(program.id)
            await twins.host.wait_for(program.id, S.STOPPED)
        await settle()
        assert builder.under_way == [SLEEPING.format("alice-2")]
        builder.awake.set()
        async with asyncio.timeout(10):
            await twins.host.wait_for(third.id, S.READY)


@pytest.mark.parametrize(
    ("given", "per_user"),
    [
        ({}, None),
        ({"auth": Authentication.TOKENS}, 2),
        ({"auth": Authentication.TOKENS, "concurrent_builds": 3}, 2),
        ({"auth": Authentication.TOKENS, "concurrent_builds": 1}, 1),
        ({"auth": Authentication.TOKENS, "build_at_once_per_user": 3}, 3),
        ({"build_at_once_per_user": 1}, 1),
    ],
)
def test_a_users_share_is_half_of_the_slots_where_users_are_told_apart(
    given: dict[str, object], per_user: int | None
) -> None:
    settings = Settings.load(of_host=False, runtime="memory", **given)
    assert settings.host_policy.builds_per_user == per_user
