"""The engine goes away and comes back under a Host: what is answered, what is refused, what becomes of programs."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from dependency_injector import providers

from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ContainerID
from hershy.errors import DeadlineExceeded, EngineUnavailable
from hershy.programs.application.upkeep.housekeeping import RECONCILE_EVERY
from hershy.programs.domain.program import Program
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.repository import ProgramFilter
from hershy.programs.ports.runtime import ContainerEvent
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy_adapters.memory.behaviour import ProgramBehaviour
from hershy_adapters.memory.runtime import InMemoryRuntime

ALWAYS = RestartPolicy(RestartMode.ALWAYS, timedelta(seconds=1))
AGES = timedelta(seconds=30)


def container_with(runtime: type[InMemoryRuntime]) -> Any:
    container = twin_container()
    container.runtime.override(providers.Singleton(runtime, container.clock, container.owner))
    return container


async def test_reads_are_answered_and_changes_refused_while_the_engine_is_away(hershy_twins: Twins) -> None:
    """What changes something raises EngineUnavailable and changes nothing; afterwards all is as before."""
    host, machine = hershy_twins.host, hershy_twins.runtime.machine
    program = await hershy_twins.ready()
    machine.is_down = True
    await hershy_twins.clock.sleep(AGES)
    assert not host.engine_is_up
    for change in (host.start, host.stop, host.restart, host.delete):
        with pytest.raises(EngineUnavailable):
            await change(program.id)
    with pytest.raises(EngineUnavailable):
        await hershy_twins.create()
    assert await host.list() == [await host.get(program.id)]
    assert (await host.journal(program.id))[-1].event == "readiness reached"
    with pytest.raises(EngineUnavailable):
        await host.stop_all(ProgramFilter())
    machine.is_down = False
    await hershy_twins.clock.sleep(AGES)
    assert host.engine_is_up
    assert await host.get(program.id) == program


async def test_what_ended_while_the_engine_was_away_is_found_when_it_is_back(hershy_twins: Twins) -> None:
    """One policy starts the program again, the other tells why it ended."""
    always = await hershy_twins.ready("FROM a", restart_policy=ALWAYS)
    never = await hershy_twins.ready("FROM b")
    machine = hershy_twins.runtime.machine
    machine.is_down = True
    for program in (always, never):
        await hershy_twins.runtime.exit(program.id, 7)
    await hershy_twins.clock.sleep(AGES)
    machine.is_down = False
    await hershy_twins.clock.sleep(AGES)
    assert (await hershy_twins.host.get(always.id)).state is S.READY
    ended = await hershy_twins.host.get(never.id)
    assert (ended.state, ended.exit_reason) == (S.ERROR, ExitReason(ExitKind.CODE, 7))
    assert [it.program_id for it in await hershy_twins.runtime.list_owned()] == [always.id]


async def started_and_lost(twins: Twins) -> Program:
    """A program whose engine goes away between the exit of its container and its restart."""
    program = await twins.ready(restart_policy=ALWAYS)
    await twins.runtime.exit(program.id, 1)
    await twins.host.wait_for(program.id, S.STARTING)
    twins.runtime.machine.is_down = True
    return program


async def test_a_restart_that_falls_into_an_outage_waits_for_the_engine(hershy_twins: Twins) -> None:
    """It is no fault of the program: it is started when the engine is back, and does not end in Error."""
    program = await started_and_lost(hershy_twins)
    await hershy_twins.clock.sleep(timedelta(minutes=2))
    assert (await hershy_twins.host.get(program.id)).state is S.STARTING
    hershy_twins.runtime.machine.is_down = False
    again = await hershy_twins.host.wait_for(program.id, S.READY)
    assert again.restarts.count == 1
    assert len(hershy_twins.runtime.machine.containers) == 1


async def test_an_outage_that_does_not_end_is_an_error_in_the_end(hershy_twins: Twins) -> None:
    """After as long as a start may take the program is in Error and says what was missing."""
    program = await started_and_lost(hershy_twins)
    await hershy_twins.clock.sleep(timedelta(minutes=6))
    failed = await hershy_twins.host.get(program.id)
    assert failed.state is S.ERROR
    assert "is down" in failed.error_msg


async def test_a_stop_that_falls_into_an_outage_is_done_when_the_engine_is_back(hershy_twins: Twins) -> None:
    """What was acknowledged is done, and the container is gone."""
    hershy_twins.runtime.behave(ProgramBehaviour(stop_time=timedelta(seconds=5)))
    program = await hershy_twins.ready()
    await hershy_twins.host.stop(program.id)
    hershy_twins.runtime.machine.is_down = True
    await hershy_twins.clock.sleep(timedelta(seconds=20))
    hershy_twins.runtime.machine.is_down = False
    stopped = await hershy_twins.host.wait_for(program.id, S.STOPPED)
    assert stopped.exit_reason == ExitReason(ExitKind.REQUESTED)
    await hershy_twins.clock.sleep(AGES)
    assert hershy_twins.runtime.machine.containers == {}


async def test_what_an_outage_left_of_a_program_at_rest_is_removed_afterwards(hershy_twins: Twins) -> None:
    """A container whose removal failed goes with the reconciliation when the engine is back."""
    program = await hershy_twins.ready()
    machine = hershy_twins.runtime.machine
    async with hershy_twins.host.events(program.id) as published:
        await hershy_twins.runtime.exit(program.id, 1)
        await anext(published)
        machine.is_down = True
    await hershy_twins.clock.sleep(AGES)
    assert len(machine.containers) == 1
    machine.is_down = False
    await hershy_twins.clock.sleep(AGES)
    assert machine.containers == {}
    assert (await hershy_twins.host.get(program.id)).state is S.ERROR


class DumbRuntime(InMemoryRuntime):
    """Neither its events nor its waits tell of an exit: only a look does."""

    async def wait(self, container_id: ContainerID) -> ExitReason:
        await self._clock.sleep(timedelta.max / 2)
        raise AssertionError

    @asynccontextmanager
    async def events(self) -> AsyncGenerator[AsyncIterator[ContainerEvent], None]:
        async with super().events():
            yield self._nothing()

    async def _nothing(self) -> AsyncIterator[ContainerEvent]:
        await self._clock.sleep(timedelta.max / 2)
        raise AssertionError
        yield


class MuteRuntime(InMemoryRuntime):
    """Its waits never end; its events do tell."""

    async def wait(self, container_id: ContainerID) -> ExitReason:
        await self._clock.sleep(timedelta.max / 2)
        raise AssertionError


async def test_an_exit_is_known_by_the_engines_events_alone() -> None:
    """Without a sweep and without an answer to the wait, within a second."""
    async with open_twins(container_with(MuteRuntime)) as twins:
        program = await twins.ready()
        await twins.runtime.exit(program.id, 3)
        await twins.clock.sleep(timedelta(seconds=1))
        assert (await twins.host.get(program.id)).exit_reason == ExitReason(ExitKind.CODE, 3)


async def test_an_exit_is_known_by_the_sweep_alone() -> None:
    """Neither events nor waits tell: the next comparison finds it, with the last log lines."""
    async with open_twins(container_with(DumbRuntime)) as twins:
        program = await twins.ready()
        await twins.runtime.exit(program.id, 3)
        await twins.clock.sleep(RECONCILE_EVERY)
        assert (await twins.host.get(program.id)).state is S.READY
        await twins.host.sweep()
        await twins.host.wait_for(program.id, S.ERROR)
        ended = await twins.host.get(program.id)
        assert ended.exit_reason == ExitReason(ExitKind.CODE, 3)
        assert "program started" in ended.error_msg


class StumblingRuntime(InMemoryRuntime):
    """Fails to list containers with each of ``errors`` in turn."""

    errors: tuple[Exception, ...] = ()

    async def list_owned(self, program_id: Any = None) -> Any:
        if self.errors and program_id is None:
            error, *rest = self.errors
            self.errors = tuple(rest)
            raise error
        return await super().list_owned(program_id)


async def test_a_look_that_fails_in_any_way_does_not_end_the_watch() -> None:
    """An engine that answers too late, or a bug in an adapter, while it comes back: the Host tries again."""
    async with open_twins(container_with(StumblingRuntime)) as twins:
        assert isinstance(twins.runtime, StumblingRuntime)
        program = await twins.ready(restart_policy=ALWAYS)
        twins.runtime.machine.is_down = True
        await twins.runtime.exit(program.id, 1)
        await twins.clock.sleep(AGES)
        twins.runtime.errors = (DeadlineExceeded("too late"), RuntimeError("a bug"), EngineUnavailable("gone again"))
        twins.runtime.machine.is_down = False
        await twins.clock.sleep(timedelta(minutes=1))
        assert twins.host.engine_is_up
        assert (await twins.host.get(program.id)).state is S.READY


async def test_a_host_does_not_open_without_its_engine(hershy_twins: Twins) -> None:
    """The error says so, and nobody waits for ever."""
    container = twin_container()
    container.runtime.override(providers.Object(hershy_twins.runtime))
    hershy_twins.runtime.machine.is_down = True
    with pytest.raises(EngineUnavailable, match="is down"):
        async with open_twins(container):
            pass
