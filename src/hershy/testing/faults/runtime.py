"""Fault doubles of the Runtime port."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence, Set
from contextlib import asynccontextmanager
from datetime import timedelta

from hershy.core.diagnosis import Requirement
from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitReason
from hershy.core.ids import ContainerID, ProgramID, PublishPort
from hershy.errors import RuntimeFailure
from hershy.programs.ports.local_runtime import LocalRuntime
from hershy.programs.ports.runtime import (
    ContainerEvent,
    ContainerSpec,
    ContainerStats,
    ContainerStatus,
    LogLine,
    LogQuery,
)
from hershy_adapters.memory.program import InMemoryProgram
from hershy_adapters.memory.runtime import InMemoryRuntime

from ._methods import Failing, Slow, Wrapped


class _WrappedRuntime(Wrapped[LocalRuntime], LocalRuntime):
    PORT = "Runtime"
    CALLS = frozenset(
        {
            *("create", "start", "stop", "remove", "wait", "logs", "events", "stats"),
            *("list_owned", "is_port_free", "published_ports"),
        }
    )
    DISTURBED = CALLS
    ERROR = RuntimeFailure

    async def create(self, spec: ContainerSpec) -> ContainerID:
        await self._before("create")
        return await self.inner.create(spec)

    async def start(self, container_id: ContainerID) -> Endpoint:
        await self._before("start")
        return await self.inner.start(container_id)

    async def stop(self, container_id: ContainerID, grace: timedelta) -> None:
        await self._before("stop")
        await self.inner.stop(container_id, grace)

    async def remove(self, container_id: ContainerID) -> None:
        await self._before("remove")
        await self.inner.remove(container_id)

    async def wait(self, container_id: ContainerID) -> ExitReason:
        await self._before("wait")
        return await self.inner.wait(container_id)

    async def logs(self, container_id: ContainerID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        await self._before("logs")
        lines = self.inner.logs(container_id, query)
        try:
            async for line in lines:
                yield line
        finally:
            await lines.aclose()

    @asynccontextmanager
    async def events(self) -> AsyncGenerator[AsyncIterator[ContainerEvent], None]:
        await self._before("events")
        async with self.inner.events() as events:
            yield events

    async def stats(self, container_id: ContainerID) -> ContainerStats:
        await self._before("stats")
        return await self.inner.stats(container_id)

    async def list_owned(self, program_id: ProgramID | None = None) -> Sequence[ContainerStatus]:
        await self._before("list_owned")
        return await self.inner.list_owned(program_id)

    async def is_port_free(self, port: PublishPort) -> bool:
        await self._before("is_port_free")
        return await self.inner.is_port_free(port)

    async def published_ports(self) -> Set[PublishPort]:
        await self._before("published_ports")
        return await self.inner.published_ports()

    async def diagnose(self) -> Sequence[Requirement]:
        return await self.inner.diagnose()

    async def aclose(self) -> None:
        await self.inner.aclose()


class FailingRuntime(Failing[LocalRuntime], _WrappedRuntime):
    """Raises from chosen methods; see Failing for the arguments."""


class SlowRuntime(Slow[LocalRuntime], _WrappedRuntime):
    """Answers chosen methods late; see Slow for the arguments."""


class NeverReadyRuntime(InMemoryRuntime):
    """Its programs run and never answer HTTP, whatever their behaviour says."""

    def program_at(self, endpoint: Endpoint) -> InMemoryProgram | None:
        return None
