"""Runs in sandboxes over real sockets: that a caller has gone is seen there only by the connection."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from hershy.client import AsyncClient
from hershy.errors import Unavailable
from hershy.sandbox.application.service import SandboxService
from hershy.testing.twins import Twins
from hershy_adapters.http.api_server import UvicornApiServer
from hershy_adapters.http.app import create_app
from tests.unit.adapters.http.sandboxes import HeldSandbox, WordAnalyzer

PATIENCE_S = 20


@pytest.fixture
async def sandbox(hershy_twins: Twins) -> AsyncIterator[HeldSandbox]:
    sandbox = HeldSandbox(hershy_twins.clock)
    sandbox.is_holding = True
    yield sandbox
    await sandbox.aclose()


@pytest.fixture
async def server(hershy_twins: Twins, sandbox: HeldSandbox) -> AsyncIterator[UvicornApiServer]:
    server = UvicornApiServer(create_app(hershy_twins.host, sandbox=SandboxService(sandbox, WordAnalyzer())), port=0)
    await server.start()
    yield server
    await server.aclose()


async def test_a_closed_connection_kills_the_run(server: UvicornApiServer, sandbox: HeldSandbox) -> None:
    """And frees its slot; another caller's goes on."""
    async with asyncio.timeout(PATIENCE_S), AsyncClient(server.url) as one, AsyncClient(server.url) as other:
        leaving = asyncio.create_task(one.run_code("x"))
        staying = asyncio.create_task(other.run_code("y"))
        for _ in range(2):
            await sandbox.begun.acquire()
        leaving.cancel()
        await sandbox.killed.acquire()
        assert not staying.done()
        sandbox.is_holding = False
        assert (await other.run_code("x", limits={"timeout_s": 1})).is_success
        staying.cancel()
        await sandbox.killed.acquire()


async def test_a_client_that_gives_up_kills_the_run(server: UvicornApiServer, sandbox: HeldSandbox) -> None:
    """The end of a task's own time is the end of the run."""
    async with asyncio.timeout(PATIENCE_S), AsyncClient(server.url) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(timedelta(seconds=1).total_seconds()):
                await client.run_code("x")
        await sandbox.killed.acquire()


async def test_a_closing_server_kills_runs(server: UvicornApiServer, sandbox: HeldSandbox) -> None:
    """After its grace, with an answer that says so."""
    async with asyncio.timeout(PATIENCE_S), AsyncClient(server.url) as client:
        running = asyncio.create_task(client.run_code("x"))
        await sandbox.begun.acquire()
        await server.aclose()
        with pytest.raises(Unavailable, match="closing"):
            await running
        await sandbox.killed.acquire()
