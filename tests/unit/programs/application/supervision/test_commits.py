"""The repository fails in the middle: what a caller is told, what is kept, and that nothing is written twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from dependency_injector import providers

from hershy.core.ids import ProgramID
from hershy.errors import RepositoryUnavailable
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.repository import Record
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy_adapters.memory.repository import InMemoryRepository


class FickleRepository(InMemoryRepository):
    """``is_lost``: nobody answers. ``loses_answers``: so many writes are carried out, and then fail."""

    is_lost = False
    loses_answers = 0

    def require_up(self) -> None:
        if self.is_lost:
            raise RepositoryUnavailable("the database does not answer")

    async def get(self, program_id: ProgramID) -> Program:
        self.require_up()
        return await super().get(program_id)

    async def save(self, record: Record) -> Record:
        self.require_up()
        return self._answer(await super().save(record))

    async def add(self, records: Any) -> Any:
        self.require_up()
        return self._answer(await super().add(records))

    async def remove(self, entry: Any) -> Any:
        self.require_up()
        return self._answer(await super().remove(entry))

    def _answer(self, result: Any) -> Any:
        if self.loses_answers:
            self.loses_answers -= 1
            raise RepositoryUnavailable("the connection broke off")
        return result


@pytest.fixture
async def fickle() -> AsyncIterator[tuple[Twins, FickleRepository]]:
    container = twin_container()
    repository = FickleRepository()
    container.repository.override(providers.Object(repository))
    async with open_twins(container) as twins:
        yield twins, repository


async def test_a_request_that_cannot_be_saved_is_refused_at_once(fickle: tuple[Twins, FickleRepository]) -> None:
    """The caller gets the error without waiting; nothing has happened; afterwards it works."""
    twins, repository = fickle
    program = await twins.create()
    repository.is_lost = True
    began = twins.clock.monotonic()
    with pytest.raises(RepositoryUnavailable, match="does not answer"):
        await twins.host.start(program.id)
    assert twins.clock.monotonic() == began
    with pytest.raises(RepositoryUnavailable, match="look at the program's state before you try again"):
        await twins.host.start(program.id)
    repository.is_lost = False
    await twins.clock.sleep(timedelta(seconds=10))
    assert (await twins.host.get(program.id)).state is S.CREATED
    assert twins.builder.builds == 0
    await twins.host.start(program.id)
    await twins.host.wait_for(program.id, S.READY)


async def test_what_happened_by_itself_is_saved_when_the_repository_is_back(
    fickle: tuple[Twins, FickleRepository],
) -> None:
    """An exit during the outage is kept, however long it takes, and its consequences follow."""
    twins, repository = fickle
    program = await twins.ready()
    repository.is_lost = True
    await twins.runtime.exit(program.id, 4)
    await twins.clock.sleep(timedelta(minutes=5))
    assert (await twins.host.get(program.id)).state is S.READY  # nobody sees what is not saved
    repository.is_lost = False
    ended = await twins.host.wait_for(program.id, S.ERROR)
    assert "exited with code 4" in ended.error_msg
    await twins.clock.sleep(timedelta(seconds=10))
    assert twins.runtime.machine.containers == {}


async def test_a_write_whose_answer_is_lost_is_not_repeated(fickle: tuple[Twins, FickleRepository]) -> None:
    """It is looked up: the caller is told of the doubt, the program goes on, the journal has each event once."""
    twins, repository = fickle
    program = await twins.create()
    repository.loses_answers = 1
    with pytest.raises(RepositoryUnavailable):
        await twins.host.start(program.id)
    ready = await twins.host.wait_for(program.id, S.READY)
    events = [entry.event for entry in await twins.host.journal(program.id)]
    assert events.count("start requested") == 1
    assert ready.version == len(events)


async def test_every_write_of_a_life_may_lose_its_answer(fickle: tuple[Twins, FickleRepository]) -> None:
    """Each of them in turn: the program gets Ready all the same, with one entry for each event."""
    twins, repository = fickle
    for lost in range(1, 6):
        program = await twins.create(f"FROM x{lost}")
        await twins.host.start(program.id)
        async with twins.host.events(program.id) as published:
            for _ in range(lost - 1):
                await anext(published)
        repository.loses_answers = 1
        ready = await twins.host.wait_for(program.id, S.READY)
        assert ready.version == len(await twins.host.journal(program.id))


async def test_a_registration_whose_answer_is_lost_is_taken_back(fickle: tuple[Twins, FickleRepository]) -> None:
    """Nobody has heard of it: it is neither listed nor stored, its folder and port are free."""
    twins, repository = fickle
    repository.loses_answers = 1
    with pytest.raises(RepositoryUnavailable):
        await twins.create()
    assert await twins.host.list() == []
    assert await repository.list() == []
    assert await twins.storage.list_programs() == []
    assert (await twins.create()).publish_port.value > 0


async def test_a_caller_who_gives_up_on_a_registration_leaves_nothing(hershy_twins: Twins) -> None:
    """Cancelled at each of its awaits in turn, it leaves no program, no folder and no lease."""
    for waits in range(12):
        creating = asyncio.ensure_future(hershy_twins.create())
        for _ in range(waits):
            await asyncio.sleep(0)
        creating.cancel()
        outcome = (await asyncio.gather(creating, return_exceptions=True))[0]
        if isinstance(outcome, Program):
            await hershy_twins.host.delete(outcome.id)
        assert await hershy_twins.host.list() == []
        assert await hershy_twins.repository.list() == []
        assert await hershy_twins.storage.list_programs() == []
