"""A whole Host on in-memory twins and virtual time: no Docker, no network, no waiting."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from hershy.builds.spec import BuildSpec
from hershy.core.ids import UserID
from hershy.programs.application.host import Host
from hershy.programs.application.requests import ProgramRequest
from hershy.programs.domain.program import Program, ProgramOptions
from hershy.programs.domain.state import ProgramState
from hershy.sandbox.application.service import SandboxService
from hershy.wiring import HostContainer, Settings, open_host
from hershy_adapters.memory.builder import InMemoryBuilder
from hershy_adapters.memory.clock import VirtualClock
from hershy_adapters.memory.event_bus import InMemoryEventBus
from hershy_adapters.memory.proxy import InMemoryProxy
from hershy_adapters.memory.repository import InMemoryRepository
from hershy_adapters.memory.runtime import InMemoryRuntime
from hershy_adapters.memory.sandbox import InMemorySandbox
from hershy_adapters.memory.storage import InMemoryStorage


@dataclass(frozen=True, slots=True)
class Twins:
    """An open Host and the twins behind it, to look at and to make misbehave.

    ``builder.fail_next(…)``, ``runtime.behave(…)``, ``await runtime.exit(program_id, 1)``, ``sandbox.script(…)`` and so
    on.
    """

    host: Host
    builder: InMemoryBuilder
    runtime: InMemoryRuntime
    proxy: InMemoryProxy
    repository: InMemoryRepository
    storage: InMemoryStorage
    clock: VirtualClock
    event_bus: InMemoryEventBus
    sandbox: InMemorySandbox
    sandbox_service: SandboxService

    async def create(self, dockerfile: str = "FROM scratch", user: str = "alice", **options: Any) -> Program:
        """Register a program; ``options`` are those of ProgramOptions."""
        return await self.host.create(ProgramRequest(UserID(user), BuildSpec(dockerfile), ProgramOptions(**options)))

    async def ready(self, dockerfile: str = "FROM scratch", user: str = "alice", **options: Any) -> Program:
        """Register a program, start it and wait until it is Ready."""
        program = await self.create(dockerfile, user, **options)
        await self.host.start(program.id)
        return await self.host.wait_for(program.id, ProgramState.READY)


@asynccontextmanager
async def open_twins(container: Any | None = None) -> AsyncIterator[Twins]:
    """Open a Host on twins. ``container``: one of ``twin_container`` with providers overridden."""
    wired = container or twin_container()
    async with open_host(container=wired) as host:
        yield Twins(
            host,
            wired.builder(),
            wired.runtime(),
            wired.proxy(),
            wired.repository(),
            wired.storage(),
            wired.clock(),
            wired.event_bus(),
            wired.sandbox(),
            wired.sandbox_service(),
        )


def twin_container(**settings: Any) -> Any:
    """A HostContainer of twins, to override providers of: with fault doubles, say, or adapters of your own."""
    return HostContainer(settings=Settings.load(of_host=False, **{"runtime": "memory", "clock": "memory", **settings}))
