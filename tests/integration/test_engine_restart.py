"""A subscription to the events of a real engine that is stopped, started again, and killed."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from hershy.core.ids import OwnerID
from hershy.errors import EngineUnavailable
from hershy.programs.ports.runtime import ContainerEventKind
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker.runtime import DockerRuntime

from .own_engine import DEADLINE_S, OwnEngine

OWNER = OwnerID("d" * 16)
LABELS = {"hershy.owner": str(OWNER), "hershy.program-id": "alice-build-0123456789ab-0123abcd"}
PROMPTLY_S = 1.0
EMPTY_IMAGE = bytes(10240)
"""A tar archive without members."""


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[OwnEngine]:
    own_engine = OwnEngine(tmp_path)
    own_engine.start()
    yield own_engine
    own_engine.end()


def remove_a_container(own_engine: OwnEngine) -> str:
    """Something that the engine tells of; the id of the container."""
    client = docker.DockerClient(base_url=own_engine.host, version="1.45", timeout=30)
    try:
        client.api.import_image_from_data(EMPTY_IMAGE, repository="hershy-test-any", tag="local")
        container = client.containers.create("hershy-test-any:local", "none", labels=LABELS, network_mode="none")
        container.remove()
        return str(container.id)
    finally:
        client.close()


async def test_engine_that_restarts(own_engine: OwnEngine) -> None:
    """Its end is noticed promptly, ordered or not; once it is there again, a new subscription hears what happens."""
    runtime = DockerRuntime(Engine(own_engine.host), OWNER)
    try:
        for end in (signal.SIGTERM, signal.SIGKILL):
            async with runtime.events() as events:
                container_id = await asyncio.to_thread(remove_a_container, own_engine)
                async with asyncio.timeout(DEADLINE_S):
                    event = await anext(events)
                assert (str(event.container_id), event.kind) == (container_id, ContainerEventKind.REMOVED)
                waiting = asyncio.ensure_future(anext(events))
                await asyncio.to_thread(own_engine.end, end)
                with pytest.raises(EngineUnavailable):
                    await asyncio.wait_for(waiting, PROMPTLY_S)
            with pytest.raises(EngineUnavailable):
                await runtime.events().__aenter__()
            if end is signal.SIGTERM:
                await asyncio.to_thread(own_engine.start)
    finally:
        await runtime.aclose()
