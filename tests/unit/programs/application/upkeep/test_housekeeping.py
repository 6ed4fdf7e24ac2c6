"""What time brings about, by sweep: deadlines of states, times to live, idle programs, an old journal."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from dependency_injector import providers

from hershy.core.ids import ContainerID
from hershy.errors import EngineUnavailable, ProgramFailed
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.proxy import ProxyRequest
from hershy.testing.faults.builder import SlowBuilder
from hershy.testing.faults.runtime import SlowRuntime
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy_adapters.memory.behaviour import ProgramBehaviour
from hershy_adapters.memory.builder import InMemoryBuilder
from hershy_adapters.memory.proxy import InMemoryProxy
from hershy_adapters.memory.runtime import InMemoryRuntime

MINUTE = timedelta(minutes=1)


async def pass_time(twins: Twins, time: timedelta, step: timedelta = timedelta(seconds=1)) -> None:
    """Let time pass, with a sweep after every ``step`` of it."""
    for _ in range(time // step):
        await twins.clock.sleep(step)
        await twins.host.sweep()
    await asyncio.sleep(0)


class StuckRuntime(InMemoryRuntime):
    """Its containers take for ever to start."""

    async def start(self, container_id: ContainerID) -> None:
        await self._clock.sleep(timedelta(days=1000))


async def test_a_state_that_lasts_too_long_ends_in_error_and_says_so() -> None:
    """Whatever became of the effect that should have ended it: after the state's deadline nobody waits any more."""
    container = twin_container(start_timeout_s=20, engine_timeout_s=3600)
    container.runtime.override(providers.Singleton(StuckRuntime, container.clock, container.owner))
    async with open_twins(container) as twins:
        program = await twins.create()
        await twins.host.start(program.id)
        await pass_time(twins, timedelta(seconds=30))
        failed = await twins.host.get(program.id)
        assert failed.state is S.ERROR
        assert failed.error_msg == "Starting for 20 s, longer than this Host allows"
        assert twins.runtime.machine.containers == {}


async def test_a_stuck_build_is_ended_too() -> None:
    """A builder that never answers: the state's deadline stands above its own."""
    container = twin_container(build_queue_timeout_s=60, build_timeout_s=60, engine_timeout_s=60)
    builder = InMemoryBuilder(container.clock())
    slow = SlowBuilder(builder, container.clock(), timedelta(days=10))
    container.builder.override(providers.Object(slow))
    async with open_twins(container) as twins:
        program = await twins.create()
        await twins.host.start(program.id)
        await pass_time(twins, 4 * MINUTE)
        failed = await twins.host.get(program.id)
        assert (failed.state, failed.error_msg) == (S.ERROR, "Building for 180 s, longer than this Host allows")


async def test_a_state_is_left_alone_until_its_deadline(hershy_twins: Twins) -> None:
    """Ready, Stopped, Created and Error may last; a backoff may be longer than a start."""
    ready = await hershy_twins.ready("FROM a")
    created = await hershy_twins.create("FROM b")
    await pass_time(hershy_twins, timedelta(days=2), timedelta(hours=1))
    assert (await hershy_twins.host.get(ready.id)).state is S.READY
    assert (await hershy_twins.host.get(created.id)).state is S.CREATED


async def test_a_program_past_its_time_to_live_is_deleted(hershy_twins: Twins) -> None:
    """Not a moment before; with all it had; the journal says why."""
    program = await hershy_twins.ready(ttl=MINUTE)
    await pass_time(hershy_twins, timedelta(seconds=55))
    assert (await hershy_twins.host.get(program.id)).state is S.READY
    await pass_time(hershy_twins, timedelta(seconds=10))
    assert await hershy_twins.host.list() == []
    assert hershy_twins.runtime.machine.containers == {}
    assert await hershy_twins.storage.list_programs() == []
    details = [entry.detail for entry in await hershy_twins.host.journal(program.id)]
    assert "its time to live, 60 s, has passed" in details


async def test_a_time_to_live_counts_for_a_program_that_was_never_started(hershy_twins: Twins) -> None:
    """It counts from the registration."""
    await hershy_twins.create(ttl=MINUTE)
    await pass_time(hershy_twins, 2 * MINUTE)
    assert await hershy_twins.host.list() == []


async def test_a_deletion_that_fails_is_tried_again_but_not_every_second() -> None:
    """A minute later; and when the cause has gone, the program is gone."""
    container = twin_container()
    machine_runtime = InMemoryRuntime(container.clock(), await container.storage().claim())
    container.runtime.override(providers.Object(machine_runtime))
    async with open_twins(container) as twins:
        program = await twins.ready(ttl=MINUTE)

        async def refuse(container_id: ContainerID) -> None:
            raise EngineUnavailable("not now")

        machine_runtime.remove = refuse  # type: ignore[method-assign]
        await pass_time(twins, 2 * MINUTE)
        failed = await twins.host.get(program.id)
        assert (failed.state, failed.error_msg) == (S.ERROR, "not now")
        assert [it.event for it in await twins.host.journal(program.id)].count("deletion failed") == 2
        del machine_runtime.remove  # type: ignore[attr-defined]
        await pass_time(twins, 2 * MINUTE)
        assert await twins.host.list() == []
        assert machine_runtime.machine.containers == {}


async def test_an_idle_program_is_stopped(hershy_twins: Twins) -> None:
    """After its timeout without a request; each request counts anew."""
    program = await hershy_twins.ready(idle_timeout=MINUTE)
    await pass_time(hershy_twins, timedelta(seconds=50))
    response = await hershy_twins.host.request(program.id, ProxyRequest("GET", "/", ()))
    await response.body.aclose()
    await pass_time(hershy_twins, timedelta(seconds=50))
    assert (await hershy_twins.host.get(program.id)).state is S.READY
    await pass_time(hershy_twins, timedelta(seconds=20))
    assert (await hershy_twins.host.get(program.id)).state is S.STOPPED
    assert "idle: no request for 60 s" in [it.detail for it in await hershy_twins.host.journal(program.id)]


async def test_a_program_with_a_request_under_way_is_not_idle(hershy_twins: Twins) -> None:
    """However long that takes."""
    program = await hershy_twins.ready(idle_timeout=MINUTE)
    socket = await hershy_twins.host.connect_websocket(program.id, "/", (), ())
    await pass_time(hershy_twins, 5 * MINUTE)
    assert (await hershy_twins.host.get(program.id)).state is S.READY
    await socket.aclose()
    await pass_time(hershy_twins, 2 * MINUTE)
    assert (await hershy_twins.host.get(program.id)).state is S.STOPPED


async def test_nothing_is_deleted_or_stopped_while_the_engine_is_away(hershy_twins: Twins) -> None:
    """It would only fail; it is done when the engine is back."""
    program = await hershy_twins.ready(ttl=MINUTE)
    hershy_twins.runtime.machine.is_down = True
    await pass_time(hershy_twins, 5 * MINUTE)
    assert (await hershy_twins.host.get(program.id)).state is S.READY
    hershy_twins.runtime.machine.is_down = False
    await pass_time(hershy_twins, MINUTE)
    assert await hershy_twins.host.list() == []


async def test_the_journal_of_what_is_gone_is_dropped_in_time() -> None:
    """A deleted program's entries after their age; a registered one keeps its newest."""
    async with open_twins(twin_container(journal_days=1, journal_entries=3)) as twins:
        gone = await twins.ready("FROM a")
        await twins.host.delete(gone.id)
        kept = await twins.ready("FROM b")
        await pass_time(twins, timedelta(days=2), timedelta(hours=1))
        assert [entry.event for entry in await twins.host.journal(kept.id)][-1] == "readiness reached"
        assert len(await twins.host.journal()) == 3


async def test_the_journal_of_one_who_registers_and_deletes_all_day_is_bounded() -> None:
    """However young its entries are."""
    async with open_twins(twin_container(journal_gone_entries=5)) as twins:
        for _ in range(6):
            await twins.host.delete((await twins.create()).id)
        await pass_time(twins, timedelta(hours=1), timedelta(minutes=1))
        assert len(await twins.host.journal()) == 5


async def test_a_sweep_that_fails_is_followed_by_the_next(hershy_twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Host's own sweeping survives errors of all kinds."""
    housekeeping = hershy_twins.host._housekeeping
    await hershy_twins.create(ttl=MINUTE)
    errors: list[Exception] = [EngineUnavailable("away"), RuntimeError("a bug")] * 5
    whole = housekeeping.sweep

    async def sweep() -> Any:
        if errors:
            raise errors.pop()
        return await whole()

    monkeypatch.setattr(housekeeping, "sweep", sweep)
    housekeeping.start()
    await hershy_twins.clock.sleep(2 * MINUTE)
    await housekeeping.aclose()
    assert await hershy_twins.host.list() == []


async def test_a_slow_engine_does_not_keep_a_program_from_its_readiness_deadline() -> None:
    """Stopping what never got ready takes its time, and ends."""
    container = twin_container(readiness_timeout_s=10)
    runtime = InMemoryRuntime(container.clock(), await container.storage().claim())
    runtime.behave(ProgramBehaviour(ready_after=None))
    slow = SlowRuntime(runtime, container.clock(), timedelta(seconds=3))
    container.runtime.override(providers.Object(slow))
    container.proxy.override(providers.Object(InMemoryProxy(runtime, container.clock())))
    async with open_twins(container) as twins:
        program = await twins.create()
        await twins.host.start(program.id)
        with pytest.raises(ProgramFailed, match="no HTTP answer on port 8080 within 10 s"):
            await twins.host.wait_for(program.id, S.READY)
        await pass_time(twins, MINUTE)
        assert runtime.machine.containers == {}
