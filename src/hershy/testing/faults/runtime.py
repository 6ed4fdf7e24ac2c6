"""Fault doubles of the Runtime port."""

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence, Set
from contextlib import asynccontextmanager
from datetime import timedelta

from hershy.core.clock import Clock
from hershy.core.diagnosis import Requirement
from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitReason
from hershy.core.ids import ContainerID, ProgramID, PublishPort
from hershy.errors import HershyError, RuntimeFailure
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

from ._methods import Failure, chosen

ENGINE_CALLS = frozenset(
    {
        "create",
        "start",
        "stop",
        "remove",
        "wait",
        "logs",
        "events",
        "stats",
        "list_owned",
        "is_port_free",
        "published_ports",
    }
)
"""The methods of the port that an engine answers."""


class _WrappedRuntime(LocalRuntime):
    """Hands everything to ``inner``; what ``_before`` does comes first."""

    def __init__(self, inner: LocalRuntime) -> None:
        self.inner = inner

    @abstractmethod
    async def _before(self, method: str) -> None: ...

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


class FailingRuntime(_WrappedRuntime):
    """Raises ``error`` from the named methods, the first ``times`` calls of them, or for ever by default."""

    def __init__(
        self,
        inner: LocalRuntime,
        methods: Collection[str],
        error: HershyError | None = None,
        times: int | None = None,
    ) -> None:
        super().__init__(inner)
        self._methods = chosen("Runtime", methods, ENGINE_CALLS)
        self._failure = Failure(error or RuntimeFailure("a fault double fails on purpose"), times)

    async def _before(self, method: str) -> None:
        if method in self._methods:
            self._failure.strike()


class SlowRuntime(_WrappedRuntime):
    """Lets ``delay`` pass on ``clock`` before each call of the named methods, by default of all."""

    def __init__(
        self, inner: LocalRuntime, clock: Clock, delay: timedelta, methods: Collection[str] = ENGINE_CALLS
    ) -> None:
        super().__init__(inner)
        self._clock = clock
        self._delay = delay
        self._methods = chosen("Runtime", methods, ENGINE_CALLS)

    async def _before(self, method: str) -> None:
        if method in self._methods:
            await self._clock.sleep(self._delay)


class NeverReadyRuntime(InMemoryRuntime):
    """Its programs run and never answer HTTP, whatever their behaviour says."""

    def program_at(self, endpoint: Endpoint) -> InMemoryProgram | None:
        return None
