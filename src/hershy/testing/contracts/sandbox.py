"""What every Sandbox adapter keeps: subclass SandboxContract, override the fixtures, run it with pytest."""

import asyncio
from datetime import timedelta

import pytest

from hershy.core.clock import Clock
from hershy.errors import EngineUnavailable, Unavailable
from hershy.sandbox.domain.job import SandboxLimits
from hershy.sandbox.domain.result import Outcome
from hershy.sandbox.ports.sandbox import Sandbox

from . import _sandbox_samples as samples
from ._sandbox_base import DEADLINE_S, POOL_SIZE, Containers, Run
from ._sandbox_files import SandboxFilesContract
from ._sandbox_limits import SandboxLimitsContract
from ._sandbox_outcomes import SandboxOutcomesContract
from ._sandbox_samples import Sample, Teach

__all__ = ["DEADLINE_S", "POOL_SIZE", "Containers", "Sample", "SandboxContract", "Teach"]

_SHORT = timedelta(seconds=0.5)


@pytest.mark.asyncio
class SandboxContract(SandboxOutcomesContract, SandboxLimitsContract, SandboxFilesContract):
    """The whole contract; ``SandboxContractBase`` lists the fixtures to override."""

    # the pool

    async def test_warm_fills_the_pool(self, sandbox: Sandbox, containers: Containers) -> None:
        """Nothing waits before; ``POOL_SIZE`` containers do afterwards, however often it is asked for."""
        assert (sandbox.idle, await containers()) == (0, 0)
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(sandbox.warm(), sandbox.warm())
            await sandbox.warm()
        assert (sandbox.idle, await containers()) == (POOL_SIZE, POOL_SIZE)

    async def test_warm_run(self, run: Run, sandbox: Sandbox, clock: Clock) -> None:
        """A job as the pool is made for gets a warm container, and another is made in its place."""
        await sandbox.warm()
        first, second = await run(samples.STREAMS), await run(samples.COMMAND)
        assert (first.was_warm, first.stdout) == (True, "to stdout\n")
        assert (second.was_warm, second.stdout) == (True, "42\n")
        await self.eventually(clock, lambda: _is_full(sandbox))

    async def test_first_run_starts_the_pool(self, run: Run, sandbox: Sandbox, clock: Clock) -> None:
        """Without ``warm``, the first run is cold, and fills the pool in the background."""
        result = await run(samples.STREAMS)
        assert (result.outcome, result.was_warm) == (Outcome.FINISHED, False)
        await self.eventually(clock, lambda: _is_full(sandbox))
        assert (await run(samples.STREAMS)).was_warm

    async def test_other_shapes_are_cold(self, run: Run, sandbox: Sandbox, plain_image: str) -> None:
        """A job that the warm containers don't suit gets one of its own, and leaves them alone."""
        await sandbox.warm()
        result = await run(samples.ENDLESS_SHELL, image=plain_image, limits=SandboxLimits(timeout=_SHORT, pids=32))
        assert (result.outcome, result.was_warm, sandbox.idle) == (Outcome.TIMEOUT, False, POOL_SIZE)
        result = await run(samples.NO_COMMAND, image=plain_image)
        assert (result.exit_code, result.was_warm, sandbox.idle) == (127, False, POOL_SIZE)
        result = await run(samples.STREAMS, limits=SandboxLimits(pids=32))
        assert (result.outcome, result.was_warm, sandbox.idle) == (Outcome.FINISHED, False, POOL_SIZE)
        result = await run(samples.SLEEPS, limits=SandboxLimits(timeout=_SHORT))
        assert (result.outcome, result.was_warm) == (Outcome.TIMEOUT, True)

    async def test_more_runs_than_warm_containers(self, run: Run, sandbox: Sandbox) -> None:
        """Each runs, some of them cold."""
        await sandbox.warm()
        results = await asyncio.gather(*(run(samples.STREAMS) for _ in range(POOL_SIZE + 2)))
        assert [result.outcome for result in results] == [Outcome.FINISHED] * (POOL_SIZE + 2)
        assert sum(result.was_warm for result in results) >= POOL_SIZE

    # ends from outside

    @pytest.mark.parametrize("after_s", [0.0, 0.01, 0.05, 0.2, 1.0])
    async def test_cancelled_run(
        self, sandbox: Sandbox, teach: Teach, containers: Containers, clock: Clock, after_s: float
    ) -> None:
        """However early or late it is cancelled, a run ends at once, and nothing is left of it."""
        teach(samples.DEAF)
        running = asyncio.ensure_future(sandbox.run(samples.DEAF.job()))
        await clock.sleep(timedelta(seconds=after_s))
        assert not running.done()
        running.cancel()
        async with asyncio.timeout(DEADLINE_S):
            with pytest.raises(asyncio.CancelledError):
                await running

        async def is_gone() -> bool:
            return await containers() == sandbox.idle == POOL_SIZE

        await self.eventually(clock, is_gone)

    async def test_cancelled_run_ends_soon(self, sandbox: Sandbox, teach: Teach, clock: Clock) -> None:
        """Whoever cancels does not wait for the removal of a container."""
        await sandbox.warm()
        teach(samples.DEAF)
        running = asyncio.ensure_future(sandbox.run(samples.DEAF.job()))
        await clock.sleep(timedelta(seconds=0.5))
        began = clock.monotonic()
        running.cancel()
        await asyncio.wait({running}, timeout=DEADLINE_S)
        assert running.cancelled()
        assert clock.monotonic() - began < 1

    async def test_aclose_removes_everything(
        self, run: Run, sandbox: Sandbox, containers: Containers, clock: Clock
    ) -> None:
        """The pool, what was thrown away, and what runs; a run under way is killed, or told that it is closed."""
        await sandbox.warm()
        await run(samples.STREAMS)
        running = asyncio.ensure_future(run(samples.DEAF))
        await clock.sleep(timedelta(seconds=0.3))
        async with asyncio.timeout(DEADLINE_S):
            await sandbox.aclose()
        assert await containers() == 0
        assert sandbox.idle == 0
        async with asyncio.timeout(DEADLINE_S):
            try:
                assert (await running).outcome is Outcome.KILLED
            except Unavailable as error:
                assert "closed" in str(error)  # noqa: PT017

    async def test_nothing_runs_once_closed(self, run: Run, sandbox: Sandbox) -> None:
        """Closed twice is closed; what is called then says so."""
        await run(samples.SILENT)
        await sandbox.aclose()
        await sandbox.aclose()
        for call in (lambda: run(samples.SILENT), sandbox.warm, sandbox.reap):
            with pytest.raises(Unavailable, match="closed"):
                await call()

    async def test_aclose_of_what_was_never_used(self, sandbox: Sandbox, containers: Containers) -> None:
        """There is nothing to do."""
        await sandbox.aclose()
        assert await containers() == 0

    async def test_reap_leaves_the_living_alone(self, run: Run, sandbox: Sandbox) -> None:
        """Where no process has died there is nothing to remove; least of all the own pool."""
        await sandbox.warm()
        assert await sandbox.reap() == 0
        assert sandbox.idle == POOL_SIZE
        assert (await run(samples.STREAMS)).was_warm

    async def test_diagnosis_is_good_here(self, sandbox: Sandbox) -> None:
        """Where the other tests pass, what is required is there."""
        findings = await sandbox.diagnose()
        assert findings
        assert [finding for finding in findings if finding.required and not finding.ok] == []

    async def test_engine_that_does_not_answer(self, unreachable_sandbox: Sandbox) -> None:
        """Every call says that the engine does not answer; the diagnosis says so without raising."""
        sandbox = unreachable_sandbox
        for call in (lambda: sandbox.run(samples.SILENT.job()), sandbox.warm):
            async with asyncio.timeout(DEADLINE_S):
                with pytest.raises(EngineUnavailable):
                    await call()
        assert sandbox.idle == 0
        await sandbox.diagnose()
        await sandbox.aclose()


async def _is_full(sandbox: Sandbox) -> bool:
    return sandbox.idle == POOL_SIZE
