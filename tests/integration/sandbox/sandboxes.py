"""Sandboxes of both runtimes on a real engine, and what is left of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import docker

from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker.sandbox import DockerSandbox
from hershy_adapters.gvisor.sandbox import GVisorSandbox

KINDS = {"runc": DockerSandbox, "runsc": GVisorSandbox}
OWNER_LABEL = "hershy.sandbox-owner"
DEADLINE_S = 60.0


@asynccontextmanager
async def opened(runtime: str, image: str, root: Path, pool_size: int = 0) -> AsyncIterator[DockerSandbox]:
    sandbox = KINDS[runtime](Engine(), root, image=image, pool_size=pool_size)
    try:
        yield sandbox
    finally:
        await sandbox.aclose()


def left(engine: docker.DockerClient, root: Path, running_only: bool = False) -> list[str]:
    """Names of containers of owners that have a lease in this storage root, as the engine itself lists them."""
    owners = [it.name for it in (root / "sandboxes").iterdir()] if (root / "sandboxes").exists() else []
    names: list[str] = []
    for owner in owners:
        # Listed, not looked at one by one: some go meanwhile.
        listed = engine.api.containers(all=not running_only, filters={"label": f"{OWNER_LABEL}={owner}"})
        names += [it["Names"][0].removeprefix("/") for it in listed]
    return names


async def until(holds: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Ask in a thread, again and again: the engine tells nobody of its own accord."""
    end = time.monotonic() + deadline_s
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < end, f"not within {deadline_s:g} s: {what}"
        await asyncio.sleep(0.05)
