"""A client of the Host API over a Host and sandboxes on twins."""

from collections.abc import AsyncIterator

import httpx
import pytest

from hershy.sandbox.application.policy import SandboxPolicy
from hershy.sandbox.application.service import SandboxService
from hershy.testing.twins import Twins
from hershy_adapters._asgi import AsgiTransport
from hershy_adapters.http.app import create_app

from .sandboxes import AT_ONCE_PER_USER, HeldSandbox, WordAnalyzer

MAX_BODY_BYTES = 10_000


@pytest.fixture
async def sandbox(hershy_twins: Twins) -> AsyncIterator[HeldSandbox]:
    sandbox = HeldSandbox(hershy_twins.clock)
    yield sandbox
    await sandbox.aclose()


@pytest.fixture
def sandbox_service(sandbox: HeldSandbox) -> SandboxService:
    policy = SandboxPolicy(at_once_per_user=AT_ONCE_PER_USER, allowed_images=("docker.io/library/python",))
    return SandboxService(sandbox, WordAnalyzer(), policy)


@pytest.fixture
def transport(hershy_twins: Twins, sandbox_service: SandboxService) -> AsgiTransport:
    return AsgiTransport(create_app(hershy_twins.host, max_body_bytes=MAX_BODY_BYTES, sandbox=sandbox_service))


@pytest.fixture
async def client(transport: AsgiTransport) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        yield client
