"""The build cache of an engine of the test's own, so that nobody else's is dropped."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import docker
import pytest

from hershy.builds.builder import BuildRequest
from hershy.builds.policy import BuildPolicy
from hershy.builds.spec import BuildSpec
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker.builder import DockerBuilder
from hershy_adapters.system.clock import SystemClock

from .own_engine import DEADLINE_S, OwnEngine

MIB = 1024 * 1024
LONG = timedelta(days=3650)
POLICY = BuildPolicy(allow_network=False, memory_bytes=None, cpus=None, pids=None)


@pytest.fixture
def own_engine(tmp_path: Path, engine: docker.DockerClient, python_image: str) -> Iterator[OwnEngine]:
    """It has the image that the specifications start from."""
    own_engine = OwnEngine(tmp_path)
    own_engine.start()
    try:
        client = docker.DockerClient(base_url=own_engine.host, version="1.45", timeout=DEADLINE_S)
        client.images.load(b"".join(engine.images.get(python_image).save(named=True)))
        client.close()
        yield own_engine
    finally:
        own_engine.end()


async def test_what_is_above_the_bounds_is_dropped_and_no_image(own_engine: OwnEngine, python_image: str) -> None:
    """Of what no image needs the longest unused goes first, and what is within the bounds stays."""
    builder = DockerBuilder(Engine(own_engine.host), SystemClock(), scratch=None)
    specs = [
        BuildSpec(f"FROM {python_image}\nRUN head -c {8 * MIB} /dev/urandom > /large && echo {number}\n", {})
        for number in range(3)
    ]
    try:
        for spec in specs:
            await builder.build(BuildRequest(spec, policy=POLICY), lambda _: None)
        assert await builder.trim_cache(0, LONG) < 8 * MIB, "all the layers are those of images"
        for spec in specs:
            assert await builder.find(spec.build_id) is not None
        for spec in specs[:2]:
            await builder.remove(spec.build_id)
        assert await builder.trim_cache(1024 * MIB, LONG) == 0
        assert 8 * MIB <= await builder.trim_cache(12 * MIB, LONG) < 16 * MIB
        assert await _dropped_as_unused(builder) >= 8 * MIB
        assert await builder.find(specs[2].build_id) is not None
    finally:
        await builder.aclose()


async def _dropped_as_unused(builder: DockerBuilder) -> int:
    """The engine counts what it has just looked at as used, for a moment."""
    dropped, deadline = 0, time.monotonic() + DEADLINE_S
    while dropped < 8 * MIB and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        dropped += await builder.trim_cache(1024 * MIB, timedelta())
    return dropped
