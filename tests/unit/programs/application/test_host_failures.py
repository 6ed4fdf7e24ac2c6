"""The Host on twins: what goes wrong, and what a caller learns of it."""

from datetime import timedelta

import pytest
from dependency_injector import providers

from hershy.builds.spec import BuildSpec
from hershy.core.exits import ExitKind
from hershy.core.ids import OwnerID, PublishPort, UserID
from hershy.programs.application.requests import ProgramRequest
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.event_bus import BuildLine, Happened
from hershy.programs.ports.runtime import LogStream
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy_adapters.memory.behaviour import ProgramBehaviour
from hershy_adapters.memory.runtime import InMemoryRuntime


async def test_a_stop_cancels_a_build(hershy_twins: Twins) -> None:
    """Stopped while Building: no image, no container, and a new start builds."""
    program = await hershy_twins.create("FROM x\nRUN sleep 60")
    await hershy_twins.host.start(program.id)
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    assert await hershy_twins.builder.find(program.build_id) is None
    await hershy_twins.host.start(program.id)
    await hershy_twins.host.wait_for(program.id, S.READY)
    assert hershy_twins.builder.builds == 2


async def test_a_failing_build_is_an_error_with_its_last_lines(hershy_twins: Twins) -> None:
    """error_msg tells the failing step; the build log has its output."""
    program = await hershy_twins.create()
    hershy_twins.builder.fail_next("step 1 failed", ["no such package"])
    await hershy_twins.host.start(program.id)
    failed = await hershy_twins.host.wait_for(program.id, S.ERROR)
    assert failed.error_msg == "Build failed: step 1 failed\nno such package"
    assert "no such package" in "\n".join(await hershy_twins.host.build_log(program.id))


async def test_build_output_reaches_those_who_watch(hershy_twins: Twins) -> None:
    """Lines are published as they come, and kept in the build log."""
    program = await hershy_twins.create()
    lines = []
    async with hershy_twins.host.events(program.id) as published:
        await hershy_twins.host.start(program.id)
        await hershy_twins.host.wait_for(program.id, S.READY)
        while True:
            notice = (await anext(published)).notice
            if isinstance(notice, BuildLine):
                lines.append(notice.text)
            elif isinstance(notice, Happened) and notice.program.state is S.BUILT:
                break
    assert lines
    assert list(await hershy_twins.host.build_log(program.id, None)) == lines


async def test_a_program_that_never_gets_ready_is_an_error(hershy_twins: Twins) -> None:
    """At the readiness deadline: stopped, removed, the last log lines in error_msg."""
    hershy_twins.runtime.behave(ProgramBehaviour(ready_after=None, output=((LogStream.STDERR, "thinking…"),)))
    program = await hershy_twins.create()
    began = hershy_twins.clock.monotonic()
    await hershy_twins.host.start(program.id)
    failed = await hershy_twins.host.wait_for(program.id, S.ERROR)
    said, rest = failed.error_msg.rsplit("\n", 1)
    assert said == "no HTTP answer on port 8080 within 60 s of its start; its last log lines:\nthinking…"
    assert "hershy logs" in rest
    assert 60 <= hershy_twins.clock.monotonic() - began < 70
    await hershy_twins.host.delete(program.id)
    assert list(await hershy_twins.runtime.list_owned()) == []


@pytest.mark.parametrize("ready_first", [True, False])
async def test_a_program_that_ends_by_itself_is_stopped(hershy_twins: Twins, ready_first: bool) -> None:
    """Exit 0 before or after Ready is Stopped; the container is removed."""
    ready_after = timedelta(seconds=1) if ready_first else None
    hershy_twins.runtime.behave(ProgramBehaviour(ready_after=ready_after, exit_after=timedelta(seconds=5)))
    program = await hershy_twins.create()
    await hershy_twins.host.start(program.id)
    stopped = await hershy_twins.host.wait_for(program.id, S.STOPPED)
    assert stopped.exit_reason is not None
    assert stopped.exit_reason.is_success


async def test_a_program_that_dies_is_an_error_with_a_typed_reason(hershy_twins: Twins) -> None:
    """Exit code 3, and out of memory, each named."""
    program = await hershy_twins.ready()
    await hershy_twins.runtime.exit(program.id, 3)
    failed = await hershy_twins.host.wait_for(program.id, S.ERROR)
    assert failed.error_msg.startswith("program exited with code 3; its last log lines:\nprogram started")
    await hershy_twins.host.start(program.id)
    await hershy_twins.host.wait_for(program.id, S.READY)
    hershy_twins.runtime.kill_out_of_memory(program.id)
    failed = await hershy_twins.host.wait_for(program.id, S.ERROR)
    assert failed.exit_reason is not None
    assert failed.exit_reason.kind is ExitKind.OUT_OF_MEMORY


async def test_the_restart_policy_brings_a_program_back(hershy_twins: Twins) -> None:
    """on-failure: a new container after the delay, until the budget is spent."""
    policy = RestartPolicy(RestartMode.ON_FAILURE, timedelta(seconds=2), max_restarts=1)
    program = await hershy_twins.ready(restart_policy=policy)
    began = hershy_twins.clock.monotonic()
    await hershy_twins.runtime.exit(program.id, 1)
    waiting = await hershy_twins.host.wait_for(program.id, S.STARTING)
    assert waiting.next_restart_at is not None
    again = await hershy_twins.host.wait_for(program.id, S.READY)
    assert 1.5 <= hershy_twins.clock.monotonic() - began < 3
    assert again.container_started_at is not None
    assert again.container_started_at >= waiting.next_restart_at
    assert (again.restarts.count, again.next_restart_at) == (1, None)
    assert again.container_id != program.container_id
    await hershy_twins.runtime.exit(program.id, 1)
    failed = await hershy_twins.host.wait_for(program.id, S.ERROR)
    assert failed.error_msg.startswith("crash loop")


async def test_a_stop_during_the_restart_delay_is_immediate(hershy_twins: Twins) -> None:
    """Nobody waits for the backoff."""
    policy = RestartPolicy(RestartMode.ALWAYS, timedelta(hours=1), timedelta(hours=1))
    program = await hershy_twins.ready(restart_policy=policy)
    await hershy_twins.runtime.exit(program.id, 1)
    await hershy_twins.host.wait_for(program.id, S.STARTING)
    began = hershy_twins.clock.monotonic()
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    assert hershy_twins.clock.monotonic() - began < 60


async def test_a_program_that_ignores_sigterm_is_killed_after_the_grace(hershy_twins: Twins) -> None:
    """Ten seconds by default, then SIGKILL, then Stopped."""
    hershy_twins.runtime.behave(ProgramBehaviour(ignores_sigterm=True))
    program = await hershy_twins.ready()
    began = hershy_twins.clock.monotonic()
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    assert 10 <= hershy_twins.clock.monotonic() - began < 12


async def test_a_port_held_by_a_stranger_is_passed_over(hershy_twins: Twins) -> None:
    """The engine's bind error moves the program to the next port; the next program gets the one after."""
    hershy_twins.runtime.hold_port(PublishPort(19001))
    program = await hershy_twins.ready()
    assert program.publish_port == PublishPort(19002)
    assert (await hershy_twins.create("FROM b")).publish_port == PublishPort(19003)


async def test_the_ports_of_another_host_are_passed_over_at_once(hershy_twins: Twins) -> None:
    """A Host beside one with many programs looks where the engine's containers are, and tries no port in vain twice."""
    machine = hershy_twins.runtime.machine
    container = twin_container()
    container.clock.override(providers.Object(hershy_twins.clock))
    container.runtime.override(providers.Object(InMemoryRuntime(hershy_twins.clock, OwnerID("0" * 16), machine)))
    async with open_twins(container) as neighbour:
        for number in range(15):
            await neighbour.ready(f"FROM n{number}")
        program = await hershy_twins.ready()
        assert program.publish_port == PublishPort(19016)


async def test_only_held_ports_end_in_an_error_that_says_so(hershy_twins: Twins) -> None:
    """After ten held ports in a row the start fails, naming the range."""
    hershy_twins.runtime.behave(ProgramBehaviour(port_held=True))
    program = await hershy_twins.create()
    await hershy_twins.host.start(program.id)
    failed = await hershy_twins.host.wait_for(program.id, S.ERROR)
    assert "held by other processes" in failed.error_msg
    await hershy_twins.host.delete(program.id)
    assert list(await hershy_twins.runtime.list_owned()) == []


async def test_the_address_told_at_registration_is_no_strangers(hershy_twins: Twins) -> None:
    """A client keeps it: a port that is held is passed over then, not at the start, by each of several programs too."""
    for number in (19001, 19003):
        hershy_twins.runtime.hold_port(PublishPort(number))
    request = ProgramRequest(UserID("alice"), BuildSpec("FROM a"))
    told = await hershy_twins.host.create_all([request, request])
    assert [it.publish_port for it in told] == [PublishPort(19004), PublishPort(19002)]
    for program in told:
        await hershy_twins.host.start(program.id)
        ready = await hershy_twins.host.wait_for(program.id, S.READY)
        assert ready.publish_port == program.publish_port
