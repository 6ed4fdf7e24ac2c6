"""What the tests of the Sandbox contract are made of: fixtures and steps."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

import pytest

from hershy.core.clock import Clock
from hershy.sandbox.domain.result import SandboxResult
from hershy.sandbox.ports.sandbox import Sandbox
from hershy_adapters.system.clock import SystemClock

from ._sandbox_samples import Sample, Teach

DEADLINE_S = 90.0
"""For a step that must end; generous, because only a broken adapter waits for it."""
POOL_SIZE = 2
PATIENCE = timedelta(seconds=0.5)
"""How long after its limit a run may have taken."""

Containers = Callable[[], Awaitable[int]]


class Run(Protocol):
    async def __call__(self, sample: Sample, *, syntax_only: bool = False, **options: object) -> SandboxResult: ...


@pytest.mark.asyncio
class SandboxContractBase:
    """The fixtures of the contract, and steps its tests share. Override these fixtures:

    * ``sandbox``: the adapter under test, with the usual limits and a pool of ``POOL_SIZE``, closed afterwards.
    * ``unreachable_sandbox``: an adapter whose engine does not answer.
    * ``containers``: tells how many containers of ``sandbox`` there are, warm ones included, also once it is closed.
    * ``missing_image``: the name of an image that the engine does not have.
    * ``plain_image``: the name of one that it has, other than that for Python, with a POSIX shell.

    The twin, which does not run code, overrides ``teach``, to be told what a sample does, and ``clock``, the one that
    the adapter's time goes by.
    """

    @pytest.fixture
    def teach(self) -> Teach:
        return lambda sample: None

    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()

    @pytest.fixture
    def run(self, sandbox: Sandbox, teach: Teach) -> Run:
        """Runs a sample, with further options of its job, within a deadline."""

        async def run(sample: Sample, *, syntax_only: bool = False, **options: object) -> SandboxResult:
            teach(sample)
            async with asyncio.timeout(DEADLINE_S):
                return await sandbox.run(sample.job(**options), syntax_only=syntax_only)

        return run

    @staticmethod
    async def eventually(clock: Clock, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Return as soon as it is; fail when it does not become so."""
        async with asyncio.timeout(DEADLINE_S):
            while not await is_so():
                await clock.sleep(timedelta(milliseconds=50))
