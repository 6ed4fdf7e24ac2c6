"""A Host that is closed in the middle of things: nothing hangs, nothing is left."""

import asyncio
from datetime import timedelta

import pytest
from dependency_injector import providers

from hershy.errors import Unavailable
from hershy.programs.application.supervision.supervisor import MAILBOX_SIZE
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState as S
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy_adapters.memory.behaviour import ProgramBehaviour
from hershy_adapters.memory.repository import InMemoryRepository


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


class SlowRepository(InMemoryRepository):
    """Lasting, and never done with saving."""

    durable = True

    def __init__(self) -> None:
        super().__init__()
        self.saving = asyncio.Event()

    async def save(self, program: Program) -> Program:
        self.saving.set()
        await asyncio.Event().wait()
        return program


async def test_whoever_waits_for_a_closing_host_gets_an_answer() -> None:
    """The request that is being saved, those in the mailbox, and those that found no room in it."""
    container = twin_container()
    container.repository.override(providers.Singleton(SlowRepository))
    async with open_twins(container) as twins:
        program = await twins.create()
        starting = [asyncio.ensure_future(twins.host.start(program.id)) for _ in range(MAILBOX_SIZE + 10)]
        deleting = asyncio.ensure_future(twins.host.delete(program.id))
        assert isinstance(twins.repository, SlowRepository)
        await twins.repository.saving.wait()
        await twins.host.aclose()
        answers = await asyncio.gather(*starting, deleting, return_exceptions=True)
        assert {type(answer) for answer in answers} == {Unavailable}


async def test_waiting_for_a_state_ends_when_the_host_is_closed(hershy_twins: Twins) -> None:
    """With an error of hershy's own."""
    program = await hershy_twins.create()
    waiting = asyncio.ensure_future(hershy_twins.host.wait_for(program.id, S.READY))
    await asyncio.sleep(0)
    await hershy_twins.event_bus.aclose()
    with pytest.raises(Unavailable, match="the Host was closed"):
        await waiting
