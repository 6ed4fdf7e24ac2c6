"""What a Host makes of what it finds when it opens: containers, folders, programs half-way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from hershy import BuildSpec, Host, Program, ProgramOptions, ProgramRequest, UserID
from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import BuildID, ImageID, OwnerID, ProgramID, PublishPort
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.runtime import ContainerSpec
from hershy.programs.ports.storage import LogKind, StateVolume
from hershy_adapters.memory.runtime import InMemoryRuntime
from tests.unit.programs.application.succession import Succession

ALWAYS = RestartPolicy(RestartMode.ALWAYS, timedelta(seconds=30))
A_WHILE = timedelta(seconds=10)


@pytest.fixture
async def world() -> AsyncIterator[Succession]:
    world = Succession()
    await world.open()
    yield world
    world.kill()
    await world.bury()


async def ready(world: Succession, policy: RestartPolicy = RestartPolicy()) -> Program:
    assert world.host is not None
    request = ProgramRequest(UserID("alice"), BuildSpec("FROM scratch"), ProgramOptions(restart_policy=policy))
    program = await world.host.create(request)
    await world.host.start(program.id)
    return await world.host.wait_for(program.id, S.READY)


async def succeed(world: Succession) -> Host:
    """The next Host, after the present one has been killed."""
    world.kill()
    await world.bury()
    return await world.open()


async def a_while(world: Succession) -> None:
    await world.clock.sleep(A_WHILE)


async def test_a_running_program_is_adopted_as_it_is(world: Succession) -> None:
    """The same container, Ready and routed; its exit is noticed as ever."""
    program = await ready(world)
    host = await succeed(world)
    adopted = await host.get(program.id)
    assert (adopted.state, adopted.container_id) == (S.READY, program.container_id)
    await a_while(world)
    assert await host.route(program.id) is not None
    await world.runtime.exit(program.id, 5)
    ended = await host.wait_for(program.id, S.ERROR)
    assert ended.exit_reason == ExitReason(ExitKind.CODE, 5)


async def test_a_container_that_was_not_ready_yet_is_probed(world: Succession) -> None:
    """Killed between the start of the container and its readiness: adopted, then Ready, never a second container."""
    assert world.host is not None
    request = ProgramRequest(UserID("alice"), BuildSpec("FROM scratch"))
    program = await world.host.create(request)
    await world.host.start(program.id)
    running = await world.host.wait_for(program.id, S.RUNNING)
    host = await succeed(world)
    adopted = await host.wait_for(program.id, S.READY)
    assert adopted.container_id == running.container_id


async def test_an_exit_during_the_hosts_absence_is_told_like_one_that_was_seen(world: Succession) -> None:
    """In the program and in the journal: the typed reason and the last log lines."""
    program = await ready(world)
    world.kill()
    await world.bury()
    await world.runtime.exit(program.id, 3)
    host = await world.open()
    ended = await host.get(program.id)
    assert (ended.state, ended.exit_reason) == (S.ERROR, ExitReason(ExitKind.CODE, 3))
    assert "program started" in ended.error_msg
    entry = (await host.journal(program.id))[-1]
    assert entry.exit_reason == ended.exit_reason
    assert "program started" in entry.detail


async def test_an_exit_is_counted_once_though_its_container_is_still_there(world: Succession) -> None:
    """Killed after the exit was saved and before the container was removed: the restart keeps its moment."""
    program = await ready(world, ALWAYS)
    assert world.host is not None
    async with world.host.events(program.id) as published:
        await world.runtime.exit(program.id, 1)
        await anext(published)
        waiting = await world.host.get(program.id)
        assert len(world.machine.containers) == 1
        host = await succeed(world)
    taken_up = await host.get(program.id)
    assert (taken_up.state, taken_up.next_restart_at) == (S.STARTING, waiting.next_restart_at)
    again = await host.wait_for(program.id, S.READY)
    assert again.restarts.count == 1
    assert len(world.machine.containers) == 1


async def test_a_program_whose_container_is_gone_is_started_again(world: Succession) -> None:
    """Somebody has removed it by hand: the program was to run, so it runs."""
    program = await ready(world)
    world.kill()
    await world.bury()
    assert program.container_id is not None
    await world.runtime.remove(program.container_id)
    host = await world.open()
    again = await host.wait_for(program.id, S.READY)
    assert again.container_id != program.container_id


async def test_what_a_killed_host_left_of_a_program_at_rest_is_removed(world: Succession) -> None:
    """Its logs are kept."""
    program = await ready(world)
    assert world.host is not None
    async with world.host.events(program.id) as published:
        await world.runtime.exit(program.id, 1)
        await anext(published)
        host = await succeed(world)
    await a_while(world)
    assert world.machine.containers == {}
    assert (await host.get(program.id)).state is S.ERROR
    assert "program started" in (await host.logs(program.id)).text


def spec_of(program_id: ProgramID) -> ContainerSpec:
    return ContainerSpec(
        program_id,
        UserID("alice"),
        BuildID("build-0123456789ab"),
        ImageID(f"sha256:{'0' * 64}"),
        StateVolume("/memory"),
        PublishPort(29_000),
    )


async def test_containers_without_a_program_go_and_strangers_stay(world: Succession) -> None:
    """By owner: its own stray is removed, at the start and by a later sweep; another Host's is left alone."""
    stray, foreign = (ProgramID(f"alice-build-0123456789ab-0000000{number}") for number in range(2))
    anything = InMemoryRuntime(world.clock, await world.storage.claim(), world.machine)
    another = InMemoryRuntime(world.clock, OwnerID("f" * 16), world.machine)
    await another.create(spec_of(foreign))
    await anything.create(spec_of(stray))
    await succeed(world)
    assert {it.spec.program_id for it in world.machine.containers.values()} == {foreign}
    await anything.create(spec_of(stray))
    await world.clock.sleep(timedelta(minutes=1))
    assert world.host is not None
    await world.host.sweep()
    assert {it.spec.program_id for it in world.machine.containers.values()} == {foreign}


async def test_folders_without_a_program_go_unless_they_hold_data(world: Succession) -> None:
    """A registration cut short leaves sources only; where a program has run, somebody may miss what is there."""
    unused, used = (ProgramID(f"alice-build-0123456789ab-0000000{number}") for number in range(2))
    for program_id in (unused, used):
        await world.storage.write_sources(program_id, BuildSpec("FROM scratch"))
    world.storage.log(used, LogKind.RUNTIME).append(["data"])
    await succeed(world)
    assert await world.storage.list_programs() == [used]


async def test_a_deletion_that_was_asked_for_is_finished(world: Succession) -> None:
    """The caller never got an answer; the next Host deletes, and the port is free again."""
    program = await ready(world)
    assert world.host is not None
    async with world.host.events(program.id) as published:
        deleting = asyncio.ensure_future(world.host.delete(program.id))
        await anext(published)
        host = await succeed(world)
    assert deleting.done()
    await a_while(world)
    assert await host.list() == []
    assert world.machine.containers == {}
    assert len(world.services.port_leases) == 0


async def test_a_reconciliation_of_what_is_in_order_changes_nothing(world: Succession) -> None:
    """Again and again: no event, no new container."""
    program = await ready(world)
    assert world.host is not None
    entries = await world.host.journal()
    for _ in range(5):
        await world.clock.sleep(timedelta(seconds=20))
        await world.host.sweep()
    assert await world.host.journal() == entries
    assert await world.host.get(program.id) == program


async def test_a_container_that_vanishes_is_an_exit_for_which_the_engine_is_blamed(world: Succession) -> None:
    """Removed by hand under a running Host: known at once, and the policy applies."""
    program = await ready(world)
    assert world.host is not None
    assert program.container_id is not None
    await world.runtime.remove(program.container_id)
    ended = await world.host.wait_for(program.id, S.ERROR)
    assert ended.exit_reason == ExitReason(ExitKind.ENGINE_LOST)
