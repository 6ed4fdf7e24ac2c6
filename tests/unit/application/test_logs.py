"""Output of programs and builds, whatever happens to containers and disks meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from dependency_injector import providers

from hershy.domain.errors import RuntimeFailure
from hershy.domain.ids import ContainerID, ProgramID
from hershy.domain.state import ProgramState as S
from hershy.ports.runtime import LogLine, LogQuery
from hershy.ports.storage import LogKind
from hershy.testing.twins import Twins, open_twins, twin_container
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
    hershy_twins.storage.append_log(program.id, LogKind.RUNTIME, lines)
    assert (await hershy_twins.host.logs(program.id)).text == "whole\n"


class FullStorage(InMemoryStorage):
    """Has no room for build logs."""

    def append_log(self, program_id: ProgramID, kind: LogKind, lines: Sequence[str]) -> None:
        if kind is LogKind.BUILD:
            raise OSError(28, "No space left on device")


async def test_a_build_whose_log_cannot_be_kept_goes_on() -> None:
    """Other programs may share it; output must not raise into the builder."""
    container = twin_container()
    container.storage.override(providers.Singleton(FullStorage))
    async with open_twins(container) as twins:
        await twins.ready("FROM a\nRUN make")
