"""The contract of Sandbox on a real engine, under both runtimes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import docker
import pytest
import pytest_asyncio

from hershy.testing.contracts.sandbox import POOL_SIZE, SandboxContract
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker.sandbox import DockerSandbox

from .sandboxes import KINDS, left


class _OnTheEngine(SandboxContract):
    runtime: str

    @pytest_asyncio.fixture
    async def sandbox(self, python_image: str, tmp_path: Path) -> AsyncIterator[DockerSandbox]:
        it = KINDS[self.runtime](Engine(), tmp_path, image=python_image, pool_size=POOL_SIZE)
        yield it
        await it.aclose()
        assert not (tmp_path / "sandboxes").exists() or list((tmp_path / "sandboxes").iterdir()) == []

    @pytest_asyncio.fixture
    async def unreachable_sandbox(self, tmp_path: Path) -> AsyncIterator[DockerSandbox]:
        it = KINDS[self.runtime](Engine(f"unix://{tmp_path}/nobody.sock"), tmp_path / "nowhere")
        yield it
        await it.aclose()

    @pytest.fixture
    def containers(self, engine: docker.DockerClient, tmp_path: Path) -> Callable[[], Awaitable[int]]:
        async def count() -> int:
            return len(left(engine, tmp_path))

        return count

    @pytest.fixture
    def missing_image(self) -> str:
        return "hershy-test-nowhere:local"

    @pytest.fixture
    def plain_image(self, busybox_image: str) -> str:
        return busybox_image


class TestDockerSandbox(_OnTheEngine):
    runtime = "runc"


class TestGVisorSandbox(_OnTheEngine):
    runtime = "runsc"
