"""The Host on twins: the life of programs as a caller sees it."""

import asyncio
from datetime import timedelta

import pytest

from hershy.application.requests import ProgramRequest
from hershy.domain.build_spec import BuildSpec
from hershy.domain.errors import (
    DeadlineExceeded,
    IllegalTransition,
    InvalidValue,
    ProgramFailed,
    ProgramNotFound,
    ProgramNotReady,
    ProgramNotRunning,
    Unavailable,
)
from hershy.domain.exits import ExitKind
from hershy.domain.ids import ProgramID, PublishPort, UserID
from hershy.domain.program import Program, ProgramOptions
from hershy.domain.resources import ResourceLimits
from hershy.domain.restart import RestartMode, RestartPolicy
from hershy.domain.state import ProgramState as S
from hershy.ports.event_bus import BuildLine, ProgramDeleted, StateChanged
from hershy.ports.proxy import ProxyRequest
from hershy.ports.repository import ProgramFilter
from hershy.ports.runtime import LogQuery, LogStream
from hershy.testing.twins import Twins
from hershy_adapters.memory.behaviour import ProgramBehaviour

UNKNOWN = ProgramID("nobody-build-0123456789ab-00000000")


async def states_until_rest(twins: Twins, program: Program, *, last: S) -> list[str]:
    """Start the program and collect its states until it is in ``last``."""
    seen = []
    async with twins.host.events(program.id) as published:
        await twins.host.start(program.id)
        while not seen or seen[-1] is not last:
            notice = (await anext(published)).notice
            if isinstance(notice, StateChanged):
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


async def test_an_image_that_is_gone_is_built_again(hershy_twins: Twins) -> None:
    """Someone pruned images: a start goes through Building."""
    program = await hershy_twins.ready()
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    await hershy_twins.builder.remove(program.build_id)
    states = await states_until_rest(hershy_twins, program, last=S.READY)
    assert states[0] == "Building"


async def test_restart_replaces_the_container(hershy_twins: Twins) -> None:
    """Stopping, Starting, Running, Ready, with the same image and another container."""
    program = await hershy_twins.ready()
    seen = []
    async with hershy_twins.host.events(program.id) as published:
        assert (await hershy_twins.host.restart(program.id)).state is S.STOPPING
        while not seen or seen[-1] is not S.READY:
            notice = (await anext(published)).notice
            assert isinstance(notice, StateChanged)
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
    assert "no such package" in failed.error_msg
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
            elif isinstance(notice, StateChanged) and notice.program.state is S.BUILT:
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
    assert failed.error_msg == ("no HTTP answer on port 8080 within 60 s of its start; its last log lines:\nthinking…")
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
    await hershy_twins.host.wait_for(program.id, S.STARTING)
    again = await hershy_twins.host.wait_for(program.id, S.READY)
    assert hershy_twins.clock.monotonic() - began >= 2
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


async def test_only_held_ports_end_in_an_error_that_says_so(hershy_twins: Twins) -> None:
    """After ten held ports in a row the start fails, naming the range."""
    hershy_twins.runtime.behave(ProgramBehaviour(port_held=True))
    program = await hershy_twins.create()
    await hershy_twins.host.start(program.id)
    failed = await hershy_twins.host.wait_for(program.id, S.ERROR)
    assert "held by other processes" in failed.error_msg
    await hershy_twins.host.delete(program.id)
    assert list(await hershy_twins.runtime.list_owned()) == []


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


async def test_unknown_programs_are_not_found(hershy_twins: Twins) -> None:
    """Every call that names a program says which one it does not know."""
    host = hershy_twins.host
    for call in (host.get, host.start, host.stop, host.restart, host.delete, host.logs, host.source, host.route):
        with pytest.raises(ProgramNotFound, match=f"^program not found: {UNKNOWN}$"):
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


async def test_messages_reach_a_ready_program(hershy_twins: Twins) -> None:
    """The program gets the text; before Ready, and for an empty message, there is a clear refusal."""
    program = await hershy_twins.create()
    with pytest.raises(ProgramNotReady, match="start it, or wait"):
        await hershy_twins.host.message(program.id, "hello")
    await hershy_twins.host.start(program.id)
    await hershy_twins.host.wait_for(program.id, S.READY)
    assert "message sent" in await hershy_twins.host.message(program.id, "hello")
    assert hershy_twins.runtime.program(program.id).messages == ["hello"]
    with pytest.raises(InvalidValue, match="message content cannot be empty"):
        await hershy_twins.host.message(program.id, "")


async def test_requests_pass_as_soon_as_ready_is_seen(hershy_twins: Twins) -> None:
    """Whoever sees Ready first may use the proxy at once."""
    program = await hershy_twins.create()
    async with hershy_twins.host.events(program.id) as published:
        await hershy_twins.host.start(program.id)
        while (await hershy_twins.host.get(program.id)).state is not S.READY:
            await anext(published)
    response = await hershy_twins.host.request(program.id, ProxyRequest("GET", "/watcher/status", ()))
    await response.body.aclose()
    assert response.status == 200
    assert await hershy_twins.host.route(program.id) is not None


async def test_the_proxy_is_closed_with_the_program(hershy_twins: Twins) -> None:
    """Stopped, there is no route and requests are refused."""
    program = await hershy_twins.ready()
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    assert await hershy_twins.host.route(program.id) is None
    with pytest.raises(ProgramNotReady):
        await hershy_twins.host.connect_websocket(program.id, "/", (), ())


async def test_waiting_for_ready_ends_when_the_program_fails(hershy_twins: Twins) -> None:
    """No one waits in vain: ProgramFailed carries the reason, a deadline its length, a deletion its id."""
    hershy_twins.runtime.behave(ProgramBehaviour(fails_to_start=True))
    program = await hershy_twins.create()
    with pytest.raises(DeadlineExceeded, match="to be Ready took longer than 5 s"):
        await hershy_twins.host.wait_for(program.id, S.READY, timeout=timedelta(seconds=5))
    await hershy_twins.host.start(program.id)
    with pytest.raises(ProgramFailed, match="fails_to_start"):
        await hershy_twins.host.wait_for(program.id, S.READY)
    waiting = asyncio.ensure_future(hershy_twins.host.wait_for(program.id, S.CREATED, S.ERROR))
    assert (await waiting).state is S.ERROR


async def test_waiting_for_a_deleted_program_ends(hershy_twins: Twins) -> None:
    """ProgramNotFound once it is gone."""
    program = await hershy_twins.create()
    waiting = asyncio.ensure_future(hershy_twins.host.wait_for(program.id, S.READY))
    await asyncio.sleep(0)
    await hershy_twins.host.delete(program.id)
    with pytest.raises(ProgramNotFound):
        await waiting


async def test_following_logs_ends_with_the_container(hershy_twins: Twins) -> None:
    """Lines come as they are written; afterwards the archive answers."""
    program = await hershy_twins.ready()
    following = hershy_twins.host.follow_logs(program.id, LogQuery())
    assert (await anext(following)).text == "program started"
    hershy_twins.runtime.program(program.id).log("more")
    assert (await anext(following)).text == "more"
    await hershy_twins.runtime.exit(program.id, 0)
    assert [line async for line in following] == []
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    archived = [line.text async for line in hershy_twins.host.follow_logs(program.id, LogQuery(tail=1))]
    assert archived == ["more"]


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
