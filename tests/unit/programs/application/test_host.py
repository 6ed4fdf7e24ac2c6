"""The Host on twins: the life of programs as a caller sees it."""

import pytest

from hershy.builds.builder import BuildRequest
from hershy.builds.spec import BuildSpec
from hershy.core.ids import ProgramID, PublishPort, UserID
from hershy.core.resources import ResourceLimits
from hershy.errors import (
    IllegalTransition,
    InvalidValue,
    ProgramNotFound,
    ProgramNotRunning,
)
from hershy.programs.application.requests import ProgramRequest
from hershy.programs.domain.program import Program, ProgramOptions
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.event_bus import Happened
from hershy.programs.ports.repository import ProgramFilter
from hershy.testing.twins import Twins

UNKNOWN = ProgramID("nobody-build-0123456789ab-00000000")


async def states_until_rest(twins: Twins, program: Program, *, last: S) -> list[str]:
    """Start the program and collect its states until it is in ``last``."""
    seen = []
    async with twins.host.events(program.id) as published:
        await twins.host.start(program.id)
        while not seen or seen[-1] is not last:
            notice = (await anext(published)).notice
            if isinstance(notice, Happened):
                seen.append(notice.program.state)
    return [str(state) for state in seen]


async def test_create_registers_and_builds_nothing(hershy_twins: Twins) -> None:
    """A new program is Created, has an id, a port and its sources, and no image."""
    program = await hershy_twins.create("FROM a")
    assert program.state is S.CREATED
    assert program.proxy_url == "http://localhost:19001"
    assert program.id.value.startswith(f"alice-{program.build_id}-")
    assert (await hershy_twins.host.source(program.id)).dockerfile == "FROM a"
    assert hershy_twins.builder.builds == 0


async def test_a_start_passes_through_every_state_to_ready(hershy_twins: Twins) -> None:
    """Building, Built, Starting, Running, Ready, in this order, none skipped."""
    program = await hershy_twins.create()
    states = await states_until_rest(hershy_twins, program, last=S.READY)
    assert states == ["Building", "Built", "Starting", "Running", "Ready"]


async def test_start_answers_with_the_state_before(hershy_twins: Twins) -> None:
    """Created the first time, Stopped the second."""
    program = await hershy_twins.create()
    assert (await hershy_twins.host.start(program.id)).state is S.CREATED
    await hershy_twins.host.wait_for(program.id, S.READY)
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    assert (await hershy_twins.host.start(program.id)).state is S.STOPPED


async def test_start_of_an_active_program_is_refused(hershy_twins: Twins) -> None:
    """From Building and Ready alike, changing nothing."""
    program = await hershy_twins.create()
    await hershy_twins.host.start(program.id)
    with pytest.raises(IllegalTransition, match="is Building: start requested is not possible; stop it first"):
        await hershy_twins.host.start(program.id)
    await hershy_twins.host.wait_for(program.id, S.READY)
    with pytest.raises(IllegalTransition):
        await hershy_twins.host.start(program.id)
    assert (await hershy_twins.host.get(program.id)).state is S.READY


async def test_stop_removes_the_container_and_keeps_its_logs(hershy_twins: Twins) -> None:
    """Stopped: no container, the output of the run still readable."""
    program = await hershy_twins.ready()
    stopping = await hershy_twins.host.stop(program.id)
    assert stopping.state is S.STOPPING
    stopped = await hershy_twins.host.wait_for(program.id, S.STOPPED)
    assert stopped.container_id is None
    assert list(await hershy_twins.runtime.list_owned()) == []
    logs = await hershy_twins.host.logs(program.id)
    assert (logs.container_id, logs.text) == (None, "program started\n")


async def test_starting_again_makes_a_new_container_without_building(hershy_twins: Twins) -> None:
    """The image is still there, so Stopped leads straight to Starting."""
    program = await hershy_twins.ready()
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    states = await states_until_rest(hershy_twins, program, last=S.READY)
    assert states == ["Starting", "Running", "Ready"]
    again = await hershy_twins.host.get(program.id)
    assert again.container_id != program.container_id
    assert again.publish_port == program.publish_port
    assert hershy_twins.builder.builds == 1


async def test_the_image_of_other_sources_is_never_run(hershy_twins: Twins) -> None:
    """Somebody's sources that share the BuildID have taken the name meanwhile: an Error, not their image."""
    program = await hershy_twins.ready()
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    await hershy_twins.builder.remove(program.build_id)

    class Colliding(BuildSpec):
        build_id = program.build_id

    await hershy_twins.builder.build(BuildRequest(Colliding("FROM evil")), lambda _: None)
    states = await states_until_rest(hershy_twins, program, last=S.ERROR)
    assert states == ["Building", "Error"]
    assert "other sources" in (await hershy_twins.host.get(program.id)).error_msg


async def test_an_image_that_is_gone_is_built_again(hershy_twins: Twins) -> None:
    """Someone pruned images: a start goes through Building."""
    program = await hershy_twins.ready()
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    await hershy_twins.builder.remove(program.build_id)
    states = await states_until_rest(hershy_twins, program, last=S.READY)
    assert states[0] == "Building"


async def test_an_image_that_is_gone_is_built_again_for_a_restart_too(hershy_twins: Twins) -> None:
    """Pruned while the program ran, or not in a backup: the program comes back all the same."""
    program = await hershy_twins.ready()
    await hershy_twins.builder.remove(program.build_id)
    await hershy_twins.host.restart(program.id)
    await hershy_twins.host.wait_for(program.id, S.BUILDING)
    again = await hershy_twins.host.wait_for(program.id, S.READY)
    assert again.container_id != program.container_id
    assert "image missing" in [it.event for it in await hershy_twins.host.journal(program.id)]


async def test_restart_replaces_the_container(hershy_twins: Twins) -> None:
    """Stopping, Starting, Running, Ready, with the same image and another container."""
    program = await hershy_twins.ready()
    seen = []
    async with hershy_twins.host.events(program.id) as published:
        assert (await hershy_twins.host.restart(program.id)).state is S.STOPPING
        while not seen or seen[-1] is not S.READY:
            notice = (await anext(published)).notice
            assert isinstance(notice, Happened)
            seen.append(notice.program.state)
    assert seen == [S.STOPPING, S.STARTING, S.RUNNING, S.READY]
    again = await hershy_twins.host.get(program.id)
    assert again.image_id == program.image_id
    assert again.container_id != program.container_id


async def test_stop_and_restart_of_a_resting_program_are_refused(hershy_twins: Twins) -> None:
    """Created or Stopped: program not running."""
    program = await hershy_twins.create()
    for call in (hershy_twins.host.stop, hershy_twins.host.restart):
        with pytest.raises(ProgramNotRunning, match="program not running"):
            await call(program.id)


async def test_unknown_programs_are_not_found(hershy_twins: Twins) -> None:
    """Every call that names a program says which one it does not know."""
    host = hershy_twins.host
    for call in (host.get, host.start, host.stop, host.restart, host.delete, host.logs, host.source, host.route):
        with pytest.raises(ProgramNotFound, match=f"^program not found: {UNKNOWN}; 'hershy ls'"):
            await call(UNKNOWN)
    with pytest.raises(ProgramNotFound):
        host.events(UNKNOWN)


async def test_list_filters(hershy_twins: Twins) -> None:
    """By user, state and label, in order of registration."""
    alice = await hershy_twins.create(labels={"team": "a"})
    bob = await hershy_twins.ready(user="bob")
    assert [it.id for it in await hershy_twins.host.list()] == [alice.id, bob.id]
    for matching, expected in (
        (ProgramFilter(user_id=UserID("bob")), bob),
        (ProgramFilter(state=S.CREATED), alice),
        (ProgramFilter(labels={"team": "a"}), alice),
    ):
        assert [it.id for it in await hershy_twins.host.list(matching)] == [expected.id]


async def test_more_resources_than_the_host_gives_are_refused(hershy_twins: Twins) -> None:
    """Nothing is registered and no port is lost."""
    greedy = ProgramOptions(resources=ResourceLimits(memory_bytes=2**50))
    with pytest.raises(InvalidValue, match="memory_bytes"):
        await hershy_twins.host.create(ProgramRequest(UserID("alice"), BuildSpec("FROM x"), greedy))
    assert list(await hershy_twins.host.list()) == []
    assert (await hershy_twins.create()).publish_port == PublishPort(19001)


async def test_programs_do_not_wait_on_each_other(hershy_twins: Twins) -> None:
    """One stuck in a long build does not keep another from getting Ready."""
    slow = await hershy_twins.create("FROM slow\nRUN sleep 500")
    await hershy_twins.host.start(slow.id)
    quick = await hershy_twins.ready("FROM quick")
    assert quick.state is S.READY
    assert (await hershy_twins.host.get(slow.id)).state is S.BUILDING
