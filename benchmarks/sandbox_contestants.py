"""Who is measured in benchmarks/sandbox.py: ``docker run`` as anyone would call it, and hershy. llm-sandbox, which
needs an environment of its own, is in sandbox_llm.py."""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiodocker import Docker as Engine

from hershy import Settings, open_sandbox
from hershy.sandbox.application.service import SandboxService
from sandbox_engine import BENCH_LABEL, OWNER_LABEL, Failed, docker, remove_labelled
from sandbox_leftovers import Leftovers
from sandbox_measures import CODE, PRINTED, Contestant

IMAGE = "hershy-base-python:local"
WALL = (
    "--network none --read-only --cap-drop ALL --security-opt no-new-privileges --memory 256m --cpus 1 --pids-limit 64"
)
REST_DEADLINE_S = 120.0
REST_PAUSE_S = 0.005


class DockerRun(Contestant):
    """``kept``: without ``--rm``, which waits until the container is removed; that is then done while it rests."""

    def __init__(self, runtime: str, *, walled: bool = False, kept: bool = False) -> None:
        self.name = f"docker run{', walled' * walled}{', kept' * kept}"
        self._kept = kept
        options = [*([] if kept else ["--rm"]), *(WALL.split() if walled else [])]
        self._command = ("run", "--label", BENCH_LABEL, "--runtime", runtime, *options, IMAGE, "python3", "-c")

    async def run(self) -> None:
        said = await docker(*self._command, CODE)
        if said.strip() != PRINTED:
            raise Failed(f"printed {said[:200]!r}")

    async def rest(self) -> None:
        if self._kept:
            await remove_labelled(BENCH_LABEL, "exited")


class Hershy(Contestant):
    """As a program would use it, score and all. ``owners``: the labels of its containers, while it is open."""

    def __init__(self, name: str, service: SandboxService, pool_size: int, storage: Path, engine: Engine) -> None:
        self.name = name
        self._service = service
        self._pool_size = pool_size
        self._storage = storage
        self._engine = engine

    @property
    def owners(self) -> list[str]:
        return [it.name for it in (self._storage / "sandboxes").glob("*")]

    async def run(self) -> None:
        result = await self._service.run(CODE)
        if not result.is_success or result.stdout.strip() != PRINTED:
            raise Failed(f"{result.outcome}: {result.message}; printed {result.stdout[:200]!r}")

    async def rest(self) -> None:
        deadline = time.monotonic() + REST_DEADLINE_S
        if self._pool_size:
            await self._service.warm()
        while await self._containers() > self._pool_size:
            assert time.monotonic() < deadline, f"{self.name}: containers of runs that have ended are not removed"
            await asyncio.sleep(REST_PAUSE_S)

    async def _containers(self) -> int:
        found = 0
        for owner in self.owners:
            filters = json.dumps({"label": [f"{OWNER_LABEL}={owner}"]})
            found += len(await self._engine.containers.list(all=True, filters=filters))
        return found


class WithRemoval(Contestant):
    """A run and then the removal that hershy leaves to the background, since ``docker run --rm`` waits for its own."""

    def __init__(self, hershy: Hershy) -> None:
        self.name = f"{hershy.name}, till removed"
        self._hershy = hershy

    async def run(self) -> None:
        await self._hershy.run()
        await self._hershy.rest()

    async def rest(self) -> None:
        await self._hershy.rest()


@asynccontextmanager
async def hershy(name: str, runtime: str, pool_size: int, left: Leftovers) -> AsyncIterator[Hershy]:
    """With its pool full. ``left`` is told whose containers there were, and whose leases there still are."""
    with tempfile.TemporaryDirectory(prefix="hershy-bench-") as folder:
        storage = Path(folder)
        settings = Settings.load(
            sandbox=runtime, sandbox_image=IMAGE, sandbox_pool_size=pool_size, storage_root=storage
        )
        async with Engine() as engine:
            contestant = None
            try:
                async with open_sandbox(settings) as service:
                    contestant = Hershy(name, service, pool_size, storage, engine)
                    await contestant.run()
                    await contestant.rest()
                    left.owners.update(contestant.owners)
                    yield contestant
            finally:
                if contestant is not None:
                    left.leases.extend(contestant.owners)
