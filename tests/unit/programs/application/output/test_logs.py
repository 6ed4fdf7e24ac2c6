"""Output of programs and builds, whatever happens to containers and disks meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta

from dependency_injector import providers

from hershy.core.ids import ContainerID, ProgramID
from hershy.errors import RuntimeFailure
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.runtime import LogLine, LogQuery
from hershy.programs.ports.storage import LogKind, ProgramLog
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy_adapters.memory.behaviour import ProgramBehaviour
from hershy_adapters.memory.runtime import InMemoryRuntime
from hershy_adapters.memory.storage import InMemoryStorage


class SlowlyRemovingRuntime(InMemoryRuntime):
    """Like an engine, it gives no logs of a container that it is removing."""

    removing: asyncio.Event
    go_on: asyncio.Event

    async def remove(self, container_id: ContainerID) -> None:
        self.removing.set()
        await self.go_on.wait()
        await super().remove(container_id)

    async def logs(self, container_id: ContainerID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        if self.removing.is_set():
            raise RuntimeFailure(f"{container_id} is marked for removal")
        async for line in super().logs(container_id, query):
            yield line


async def test_logs_are_shown_while_the_container_is_removed() -> None:
    """A stopping program's logs are those that were kept, not an error of the engine."""
    container = twin_container()
    container.runtime.override(providers.Singleton(SlowlyRemovingRuntime, container.clock, container.owner))
    async with open_twins(container) as twins:
        assert isinstance(twins.runtime, SlowlyRemovingRuntime)
        twins.runtime.removing, twins.runtime.go_on = asyncio.Event(), asyncio.Event()
        program = await twins.ready()
        await twins.host.stop(program.id)
        await twins.runtime.removing.wait()
        assert (await twins.host.get(program.id)).state is S.STOPPING
        shown = await twins.host.logs(program.id)
        assert (shown.container_id, shown.text) == (None, "program started\n")
        twins.runtime.go_on.set()


async def test_an_archived_line_that_was_cut_short_is_left_out(hershy_twins: Twins) -> None:
    """A kill of the Host while it wrote the archive does not make the rest unreadable."""
    program = await hershy_twins.create()
    lines = ["2026-11-20T15:53", "2026-11-20T15:53:08.123456+00:00 stdout whole", "2026-11-20T15:53:09+00:00 std"]
    hershy_twins.storage.log(program.id, LogKind.RUNTIME).append(lines)
    assert (await hershy_twins.host.logs(program.id)).text == "whole\n"


class FullStorage(InMemoryStorage):
    """Has no room for build logs."""

    def log(self, program_id: ProgramID, kind: LogKind) -> ProgramLog:
        log = super().log(program_id, kind)
        if kind is LogKind.BUILD:
            log.append = no_room  # type: ignore[method-assign]
        return log


def no_room(lines: Sequence[str]) -> None:
    raise OSError(28, "No space left on device")


async def test_a_build_whose_log_cannot_be_kept_goes_on() -> None:
    """Other programs may share it; output must not raise into the builder."""
    container = twin_container()
    container.storage.override(providers.Singleton(FullStorage))
    async with open_twins(container) as twins:
        await twins.ready("FROM a\nRUN make")


async def test_a_build_is_followed_from_its_first_line_to_its_end(hershy_twins: Twins) -> None:
    """What was there before, then what comes, each line once; it ends with the build."""
    program = await hershy_twins.create("FROM x\nRUN sleep 5\nRUN sleep 5\nRUN sleep 5")
    await hershy_twins.host.start(program.id)
    await hershy_twins.clock.sleep(timedelta(seconds=6))
    followed = [line async for line in hershy_twins.host.follow_build_log(program.id, None)]
    assert (await hershy_twins.host.get(program.id)).state is S.BUILT
    assert followed == list(await hershy_twins.host.build_log(program.id, None))
    assert len(followed) > 3
    last = [line async for line in hershy_twins.host.follow_build_log(program.id, 2)]
    assert last == followed[-2:]


async def test_following_waits_for_the_container_of_a_program_on_its_way(hershy_twins: Twins) -> None:
    """From Building on, its output is shown until it ends; of a program at rest there is nothing to wait for."""
    program = await hershy_twins.create("FROM x\nRUN sleep 5")
    assert [line async for line in hershy_twins.host.follow_logs(program.id, LogQuery())] == []
    hershy_twins.runtime.behave(ProgramBehaviour(exit_after=timedelta(seconds=30)))
    await hershy_twins.host.start(program.id)
    followed = [line.text async for line in hershy_twins.host.follow_logs(program.id, LogQuery())]
    assert followed == ["program started"]
