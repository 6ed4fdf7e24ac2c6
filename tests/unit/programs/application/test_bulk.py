"""One request for many programs."""

import pytest

from hershy.builds.spec import BuildSpec
from hershy.core.ids import UserID
from hershy.core.resources import ResourceLimits
from hershy.errors import InvalidValue, ProgramNotRunning, QuotaExceeded
from hershy.programs.application.requests import ProgramRequest
from hershy.programs.domain.program import ProgramOptions
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.repository import ProgramFilter
from hershy.testing.twins import Twins, open_twins, twin_container


def requests(*users: str, cpus: float = 1.0) -> list[ProgramRequest]:
    options = ProgramOptions(resources=ResourceLimits(cpus=cpus))
    return [ProgramRequest(UserID(it), BuildSpec("FROM scratch"), options) for it in users]


async def test_each_program_has_a_result_of_its_own(hershy_twins: Twins) -> None:
    """One that cannot be stopped stops no other; results come in order of registration."""
    running = await hershy_twins.ready(labels={"team": "7"})
    resting = await hershy_twins.create(labels={"team": "7"})
    await hershy_twins.ready("FROM other")
    results = await hershy_twins.host.stop_all(ProgramFilter(labels={"team": "7"}))
    assert [it.program_id for it in results] == [running.id, resting.id]
    assert results[0].error is None
    assert isinstance(results[1].error, ProgramNotRunning)
    await hershy_twins.host.wait_for(running.id, S.STOPPED)
    assert len(await hershy_twins.host.list(ProgramFilter(state=S.READY))) == 1


async def test_all_four_actions(hershy_twins: Twins) -> None:
    """Start, restart, stop and delete by user."""
    mine = ProgramFilter(user_id=UserID("alice"))
    programs = await hershy_twins.host.create_all(requests("alice", "alice", "alice"))
    other = await hershy_twins.create(user="bob")
    for act, state in (
        (hershy_twins.host.start_all, S.READY),
        (hershy_twins.host.restart_all, S.READY),
        (hershy_twins.host.stop_all, S.STOPPED),
    ):
        assert [it.error for it in await act(mine)] == [None] * 3
        for program in programs:
            if (await hershy_twins.host.get(program.id)).state is not state:
                await hershy_twins.host.wait_for(program.id, S.STARTING, state)
                await hershy_twins.host.wait_for(program.id, state)
    assert [it.error for it in await hershy_twins.host.delete_all(mine)] == [None] * 3
    assert [it.id for it in await hershy_twins.host.list()] == [other.id]


async def test_several_are_registered_all_or_none(hershy_twins: Twins) -> None:
    """A bad one among them registers none, and leaves neither port nor folder."""
    good, bad = requests("alice", "bob"), requests("carol", cpus=1000)
    with pytest.raises(InvalidValue, match="cpus"):
        await hershy_twins.host.create_all([*good, *bad])
    assert await hershy_twins.host.list() == []
    assert await hershy_twins.storage.list_programs() == []
    ports = [it.publish_port.value for it in await hershy_twins.host.create_all(good)]
    assert ports == [19001, 19002]


async def test_limits_per_user_and_in_total() -> None:
    """What would go beyond is refused as a whole, with the number that is there."""
    async with open_twins(twin_container(max_programs=4, max_programs_per_user=2)) as twins:
        await twins.host.create_all(requests("alice", "alice"))
        with pytest.raises(QuotaExceeded, match="2 of 2 programs of user alice exist"):
            await twins.create()
        with pytest.raises(QuotaExceeded, match="2 of 4 programs on this Host"):
            await twins.host.create_all(requests("bob", "carol", "dave"))
        programs = await twins.host.create_all(requests("bob", "carol"))
        await twins.host.delete(programs[0].id)
        await twins.create(user="dave")


async def test_sources_that_are_too_large_are_refused() -> None:
    """Counted in UTF-8 bytes, the Dockerfile included."""
    async with open_twins(twin_container(max_source_bytes=100)) as twins:
        with pytest.raises(InvalidValue, match=r"src_files: 101 bytes .* at most 100"):
            await twins.create("FROM x\n#" + "ä" * 46 + "x")
        await twins.create("FROM x\n#" + "ä" * 46)
