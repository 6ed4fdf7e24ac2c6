"""What the tests of the Runtime contract are made of: scripts for programs, fixtures, steps."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio

from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitReason
from hershy.core.ids import ContainerID
from hershy.errors import EngineUnavailable
from hershy.programs.ports.runtime import ContainerSpec, LogLine, LogQuery, LogStream, Runtime

DEADLINE_S = 60.0
"""For a step that must end; generous, because only a broken adapter waits for it."""
GRACE = timedelta(seconds=2)
PAUSE = timedelta(milliseconds=300)

UNKNOWN = ContainerID("0" * 64)


@dataclass(frozen=True, slots=True)
class Script:
    """What the program in a container does: writes ``output``, line by line, then ends or runs on.

    ``exit_code`` None: runs until it is stopped. ``ignores_sigterm``: only SIGKILL ends it. ``eats_memory``: after
    its output it takes memory until the kernel kills it. ``is_busy``: it keeps one processor busy until it is stopped.
    ``serves``: it answers HTTP on 8080 until it is stopped.
    ``cannot_start``: the engine fails to start the process. ``pause_before_exit`` lies between output and exit.
    """

    output: tuple[tuple[LogStream, str], ...] = ()
    exit_code: int | None = None
    pause_before_exit: timedelta = timedelta()
    ignores_sigterm: bool = False
    eats_memory: bool = False
    is_busy: bool = False
    serves: bool = False
    cannot_start: bool = False


MakeSpec = Callable[[Script], ContainerSpec]
Answers = Callable[[Endpoint, timedelta], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Interruptible:
    """A runtime whose engine is away inside ``outage()``, and there again after it."""

    runtime: Runtime
    outage: Callable[[], AbstractAsyncContextManager[None]]


FOREVER = Script(output=((LogStream.STDOUT, "here"),))
SPEAKS = Script(
    output=(
        (LogStream.STDOUT, "one"),
        (LogStream.STDERR, "two"),
        (LogStream.STDOUT, "three"),
        (LogStream.STDERR, "four"),
    ),
    exit_code=0,
)


async def collected(lines: AsyncIterator[LogLine]) -> list[LogLine]:
    return [line async for line in lines]


def texts(lines: list[LogLine], stream: LogStream | None = None) -> list[str]:
    return [line.text for line in lines if stream in (None, line.stream)]


@pytest.mark.asyncio
class RuntimeContractBase:
    """The fixtures of the contract, and steps its tests share. Override these fixtures:

    * ``runtime``: the adapter under test; nothing of its owner exists yet.
    * ``other_runtime``: the same engine, another owner.
    * ``unreachable_runtime``: an adapter whose engine does not answer.
    * ``interruptible``: a runtime of the same owner and engine, and a way to make its engine go away.
    * ``make_spec``: gives a spec of a new program that acts by a Script; with a port of its own for a local runtime.
    * ``missing_image``: an image that does not exist.
    * ``answers``: tells whether an HTTP exchange with an endpoint completes, tried again for so long.

    An adapter whose calls leave this process overrides ``settle`` too.
    """

    async def settle(self) -> None:
        """Let a call that was begun in another task get under way."""
        for _ in range(10):
            await asyncio.sleep(0)

    @pytest_asyncio.fixture
    async def running(self, runtime: Runtime, make_spec: MakeSpec) -> AsyncGenerator[ContainerID, None]:
        """A container that runs until it is stopped, and is past its birth: the kernel drops signals to a first
        process that has no handler for them yet."""
        container_id = await self.started(runtime, make_spec(FOREVER))
        await self.first_line(runtime, container_id)
        yield container_id
        with contextlib.suppress(EngineUnavailable):
            await runtime.remove(container_id)

    @pytest_asyncio.fixture(autouse=True)
    async def _clean(self, runtime: Runtime, other_runtime: Runtime) -> AsyncGenerator[None, None]:
        yield
        for adapter in (runtime, other_runtime):
            for status in await adapter.list_owned():
                await adapter.remove(status.container_id)

    @staticmethod
    async def started(runtime: Runtime, spec: ContainerSpec) -> ContainerID:
        async with asyncio.timeout(DEADLINE_S):
            container_id = await runtime.create(spec)
            await runtime.start(container_id)
        return container_id

    @staticmethod
    async def ended(runtime: Runtime, container_id: ContainerID) -> ExitReason:
        async with asyncio.timeout(DEADLINE_S):
            return await runtime.wait(container_id)

    async def first_line(self, runtime: Runtime, container_id: ContainerID) -> LogLine:
        lines = runtime.logs(container_id, LogQuery(follow=True))
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await anext(lines)
        finally:
            await lines.aclose()
