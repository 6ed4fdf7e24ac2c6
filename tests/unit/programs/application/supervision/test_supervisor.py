"""The machinery below the Host: deadlines, leases, cancellation, crashes of adapters."""

import asyncio
from datetime import timedelta

import pytest
from dependency_injector import providers

from hershy.core.deadline import within
from hershy.core.diagnosis import Requirement
from hershy.errors import DeadlineExceeded, Unavailable
from hershy.programs.domain.state import ProgramState as S
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy_adapters.memory.behaviour import ProgramBehaviour
from hershy_adapters.memory.clock import VirtualClock
from hershy_adapters.memory.repository import InMemoryRepository
from hershy_adapters.memory.runtime import InMemoryRuntime


async def test_within_returns_the_result_in_time() -> None:
    """An operation that ends before its deadline gives its result."""
    clock = VirtualClock()

    async def quick() -> int:
        await clock.sleep(timedelta(seconds=1))
        return 7

    assert await within(clock, timedelta(seconds=2), "it", quick()) == 7
    assert clock.monotonic() == 1


async def test_within_cancels_and_waits_for_what_is_late() -> None:
    """The deadline passed: the operation is cancelled, its cleanup awaited, the error names it."""
    clock, cleaned = VirtualClock(), []

    async def slow() -> None:
        try:
            await clock.sleep(timedelta(hours=1))
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    with pytest.raises(DeadlineExceeded, match=r"^it took longer than 2 s$"):
        await within(clock, timedelta(seconds=2), "it", slow())
    assert cleaned == [True]


async def test_within_waits_for_the_end_however_often_it_is_cancelled() -> None:
    """A caller cancelled twice, as by a stop and a deletion, still returns only after the operation's cleanup."""
    began, release, cleaned = asyncio.Event(), asyncio.Event(), []

    async def slow_to_end() -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            await release.wait()
            cleaned.append(True)

    waiting = asyncio.ensure_future(within(VirtualClock(), timedelta.max, "it", slow_to_end()))
    await began.wait()
    for _ in range(3):
        waiting.cancel()
        await asyncio.sleep(0)
    assert not waiting.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert cleaned == [True]


async def test_requests_of_one_program_are_handled_one_at_a_time(hershy_twins: Twins) -> None:
    """Of many concurrent starts exactly one is accepted."""
    program = await hershy_twins.create()
    answers = await asyncio.gather(*(hershy_twins.host.start(program.id) for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    await hershy_twins.host.wait_for(program.id, S.READY)
    assert len(await hershy_twins.runtime.list_owned()) == 1


async def test_a_caller_who_goes_away_does_not_stop_what_was_begun(hershy_twins: Twins) -> None:
    """A cancelled delete still deletes."""
    program = await hershy_twins.ready()
    deleting = asyncio.ensure_future(hershy_twins.host.delete(program.id))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    deleting.cancel()
    async with hershy_twins.host.events() as published:
        while await hershy_twins.host.list():
            await anext(published)
    assert list(await hershy_twins.runtime.list_owned()) == []


class BrokenRuntime(InMemoryRuntime):
    """Raises what no adapter should."""

    async def start(self, container_id: object) -> None:
        raise RuntimeError("a bug in an adapter")


async def test_a_bug_in_an_adapter_ends_in_error_not_in_silence() -> None:
    """An unexpected exception becomes the program's error; the supervisor lives on and the container is removed."""
    container = twin_container()
    container.runtime.override(providers.Singleton(BrokenRuntime, container.clock, container.owner))
    async with open_twins(container) as twins:
        program = await twins.create()
        await twins.host.start(program.id)
        failed = await twins.host.wait_for(program.id, S.ERROR)
        assert failed.error_msg == "a bug in an adapter"
        await twins.host.delete(program.id)
        assert list(await twins.runtime.list_owned()) == []


class BrokenRepository(InMemoryRepository):
    """Refuses to save while ``is_broken``."""

    is_broken = False

    async def save(self, program: object) -> object:  # type: ignore[override]
        if self.is_broken:
            raise Unavailable("disk full")
        return await super().save(program)  # type: ignore[arg-type]


async def test_what_cannot_be_saved_does_not_happen() -> None:
    """The caller gets the error, the state stays, no effect is carried out; later it works."""
    container = twin_container()
    container.repository.override(providers.Singleton(BrokenRepository))
    async with open_twins(container) as twins:
        program = await twins.create()
        BrokenRepository.is_broken = True
        with pytest.raises(Unavailable, match="disk full"):
            await twins.host.start(program.id)
        BrokenRepository.is_broken = False
        assert (await twins.host.get(program.id)).state is S.CREATED
        assert twins.builder.builds == 0
        await twins.host.start(program.id)
        await twins.host.wait_for(program.id, S.READY)


async def test_closing_the_host_stops_what_nobody_will_remember(hershy_twins: Twins) -> None:
    """With a repository that does not last, running programs are stopped and removed on close."""
    await hershy_twins.ready("FROM a")
    hershy_twins.runtime.behave(ProgramBehaviour(ignores_sigterm=True))
    await hershy_twins.ready("FROM b")
    building = await hershy_twins.create("FROM c\nRUN sleep 100")
    await hershy_twins.host.start(building.id)
    await hershy_twins.host.aclose()
    await hershy_twins.host.aclose()
    assert list(await hershy_twins.runtime.list_owned()) == []


async def test_closing_in_the_middle_of_a_restart_leaves_no_container(hershy_twins: Twins) -> None:
    """The restart's second half does not begin behind the closing Host's back."""
    hershy_twins.runtime.behave(ProgramBehaviour(stop_time=timedelta(seconds=3)))
    program = await hershy_twins.ready()
    await hershy_twins.host.restart(program.id)
    await hershy_twins.host.aclose()
    assert list(await hershy_twins.runtime.list_owned()) == []


async def test_nobody_waits_for_a_supervisor_that_has_died(
    hershy_twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a bug in hershy itself gives an answer, and the Host can be closed."""
    program = await hershy_twins.create()

    def broken(*arguments: object, **fields: object) -> None:
        raise RuntimeError("a bug in logging")

    monkeypatch.setattr("hershy.programs.application.supervision.supervisor._log.info", broken)
    monkeypatch.setattr("hershy.programs.application.supervision.supervisor._log.exception", broken)
    with pytest.raises(RuntimeError, match="a bug in logging"):
        await hershy_twins.host.start(program.id)
    await hershy_twins.clock.sleep(timedelta(minutes=1))
    monkeypatch.undo()
    with pytest.raises(Unavailable, match="is not supervised"):
        await hershy_twins.host.stop(program.id)
    await hershy_twins.host.aclose()


async def test_a_host_that_opens_removes_containers_nobody_claims(hershy_twins: Twins) -> None:
    """What a killed Host left running is removed by the next one with its identity; others' is not touched."""
    await hershy_twins.ready()
    machine, owner = hershy_twins.runtime.machine, await hershy_twins.storage.claim()
    container = twin_container()
    successor = InMemoryRuntime(VirtualClock(), owner, machine)
    container.runtime.override(providers.Object(successor))
    async with open_twins(container):
        assert list(await successor.list_owned()) == []


class LackingRuntime(InMemoryRuntime):
    """Lacks something it needs."""

    async def diagnose(self) -> list[Requirement]:
        return [Requirement("gVisor", False, "the engine does not list runsc", "apt-get install runsc")]


async def test_a_host_refuses_to_open_on_a_machine_that_lacks_something() -> None:
    """The message says what and how to mend it; nothing is fallen back to."""
    container = twin_container()
    container.runtime.override(providers.Singleton(LackingRuntime, container.clock, container.owner))
    with pytest.raises(Unavailable, match="gVisor: the engine does not list runsc; to mend it: apt-get install runsc"):
        async with open_twins(container):
            pass
