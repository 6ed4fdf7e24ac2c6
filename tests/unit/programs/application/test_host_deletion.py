"""The Host on twins: deletion leaves nothing behind."""

import asyncio

import pytest

from hershy.errors import (
    ProgramNotFound,
    Unavailable,
)
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.event_bus import ProgramDeleted
from hershy.testing.twins import Twins


async def test_delete_leaves_nothing(hershy_twins: Twins) -> None:
    """No container, image, source, registration or lease; watchers are told."""
    program = await hershy_twins.ready()
    async with hershy_twins.host.events(program.id) as published:
        await hershy_twins.host.delete(program.id)
        notices = [(await anext(published)).notice for _ in range(2)]
    assert isinstance(notices[1], ProgramDeleted)
    assert list(await hershy_twins.runtime.list_owned()) == []
    assert await hershy_twins.builder.find(program.build_id) is None
    assert list(await hershy_twins.storage.list_programs()) == []
    assert list(await hershy_twins.host.list()) == []
    with pytest.raises(ProgramNotFound):
        await hershy_twins.host.get(program.id)


async def test_delete_is_possible_in_every_state(hershy_twins: Twins) -> None:
    """Created, Building, Ready and Error programs can all be deleted, twice at once too."""
    created = await hershy_twins.create("FROM a")
    building = await hershy_twins.create("FROM b\nRUN sleep 60")
    await hershy_twins.host.start(building.id)
    ready = await hershy_twins.ready("FROM c")
    hershy_twins.builder.fail_next("no")
    failed = await hershy_twins.create("FROM d")
    await hershy_twins.host.start(failed.id)
    await hershy_twins.host.wait_for(failed.id, S.ERROR)
    for program in (created, building, ready, failed):
        await asyncio.gather(*(hershy_twins.host.delete(program.id) for _ in range(2)))
    assert list(await hershy_twins.host.list()) == []
    assert list(await hershy_twins.runtime.list_owned()) == []


async def test_an_image_in_use_by_another_program_survives(hershy_twins: Twins) -> None:
    """Two programs of one build share an image; the last one's deletion removes it."""
    one, other = await hershy_twins.ready(), await hershy_twins.ready()
    assert one.build_id == other.build_id
    assert hershy_twins.builder.builds == 1
    await hershy_twins.host.delete(one.id)
    assert await hershy_twins.builder.find(one.build_id) is not None
    await hershy_twins.host.delete(other.id)
    assert await hershy_twins.builder.find(one.build_id) is None


async def test_the_last_two_programs_of_a_build_take_the_image_along(hershy_twins: Twins) -> None:
    """Deleted at once, neither leaves the image to the other."""
    programs = [await hershy_twins.ready(), await hershy_twins.ready()]
    await asyncio.gather(*(hershy_twins.host.delete(program.id) for program in programs))
    assert await hershy_twins.builder.find(programs[0].build_id) is None


async def test_a_deletion_that_fails_can_be_tried_again(hershy_twins: Twins) -> None:
    """The engine is away: Unavailable and Error; back again: deleted."""
    program = await hershy_twins.ready()
    hershy_twins.runtime.machine.is_down = True
    with pytest.raises(Unavailable, match="could not be deleted"):
        await hershy_twins.host.delete(program.id)
    assert (await hershy_twins.host.get(program.id)).state is S.ERROR
    hershy_twins.runtime.machine.is_down = False
    await hershy_twins.host.delete(program.id)
    assert list(await hershy_twins.runtime.list_owned()) == []
