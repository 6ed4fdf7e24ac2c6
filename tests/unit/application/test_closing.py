"""A Host that is closed in the middle of things: nothing hangs, nothing is left."""

import asyncio
from datetime import timedelta

from hershy.domain.state import ProgramState as S
from hershy.testing.twins import Twins
from hershy_adapters.memory.behaviour import ProgramBehaviour


async def test_closing_in_the_middle_of_a_deletion_ends_with_it(hershy_twins: Twins) -> None:
    """The program that is being deleted is gone, its container too, and the Host is closed."""
    hershy_twins.runtime.behave(ProgramBehaviour(stop_time=timedelta(seconds=3)))
    program = await hershy_twins.ready()
    deleting = asyncio.ensure_future(hershy_twins.host.delete(program.id))
    await hershy_twins.host.wait_for(program.id, S.STOPPING)
    await hershy_twins.host.aclose()
    await deleting
    assert list(await hershy_twins.runtime.list_owned()) == []
    assert list(await hershy_twins.host.list()) == []
