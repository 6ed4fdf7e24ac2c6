"""Runs that exceed a limit, and what is counted of those that do not."""

from datetime import timedelta

import pytest

from hershy.core.clock import Clock
from hershy.core.resources import MIB
from hershy.sandbox.domain.job import SandboxLimits
from hershy.sandbox.domain.result import Outcome
from hershy.sandbox.ports.sandbox import Sandbox

from . import _sandbox_samples as samples
from ._sandbox_base import PATIENCE, Containers, Run, SandboxContractBase

_SECOND = timedelta(seconds=1)


@pytest.mark.asyncio
class SandboxLimitsContract(SandboxContractBase):
    # time

    @pytest.mark.parametrize("sample", [samples.ENDLESS, samples.SLEEPS], ids=["computing", "sleeping"])
    async def test_timeout(self, run: Run, sandbox: Sandbox, clock: Clock, sample: samples.Sample) -> None:
        """Killed soon after the limit, whatever it does; what it wrote before is kept."""
        await sandbox.warm()
        began = clock.monotonic()
        result = await run(sample, limits=SandboxLimits(timeout=_SECOND))
        taken = timedelta(seconds=clock.monotonic() - began)
        assert (result.outcome, result.exit_code, result.stdout) == (Outcome.TIMEOUT, None, "begun\n")
        assert "1 s (limits.timeout)" in result.message
        assert _SECOND <= result.duration <= _SECOND + PATIENCE
        assert _SECOND <= taken <= _SECOND + PATIENCE

    async def test_timeout_of_the_deaf(self, run: Run) -> None:
        """Code is not asked whether it wants to end."""
        result = await run(samples.DEAF, limits=SandboxLimits(timeout=_SECOND))
        assert result.outcome is Outcome.TIMEOUT
        assert result.duration <= _SECOND + PATIENCE

    async def test_timeout_of_a_command(self, run: Run, plain_image: str) -> None:
        """Commands are held to the same."""
        result = await run(samples.ENDLESS_SHELL, image=plain_image, limits=SandboxLimits(timeout=_SECOND))
        assert (result.outcome, result.stdout) == (Outcome.TIMEOUT, "begun\n")
        assert result.duration <= _SECOND + PATIENCE

    # memory

    async def test_out_of_memory(self, run: Run) -> None:
        """Code that takes more than its limit is killed, and what it wrote before is kept."""
        result = await run(samples.EATS_MEMORY, limits=SandboxLimits(timeout=timedelta(minutes=1)))
        assert (result.outcome, result.stdout) == (Outcome.OUT_OF_MEMORY, "hungry\n")
        assert "256 MiB (limits.memory_bytes)" in result.message
        assert result.peak_memory_bytes is not None
        assert result.peak_memory_bytes >= 200 * MIB

    async def test_uncaught_memory_error(self, run: Run) -> None:
        """Where Python itself says that there is no memory, that is what ended it."""
        result = await run(samples.MEMORY_ERROR)
        assert result.outcome is Outcome.OUT_OF_MEMORY
        assert result.exception is not None
        assert (result.exception.type, result.exception.line) == ("MemoryError", 1)

    # output

    @pytest.mark.parametrize("stream", ["stdout", "stderr"])
    async def test_output_of_110_kb(self, run: Run, stream: str) -> None:
        """It comes whole."""
        result = await run(samples.prints(1_100, stream))
        assert result.outcome is Outcome.FINISHED
        written = result.raw_stdout if stream == "stdout" else result.raw_stderr
        assert written == (b"x" * 99 + b"\n") * 1_100
        assert not result.output_is_cut

    @pytest.mark.parametrize("stream", ["stdout", "stderr"])
    async def test_output_of_110_mb(self, run: Run, stream: str) -> None:
        """The code is killed, and its output cut at the limit, to the byte, and this is said."""
        limits = SandboxLimits(timeout=timedelta(minutes=1))
        result = await run(samples.prints(1_100, stream, line_bytes=100_000), limits=limits)
        assert (result.outcome, result.exit_code) == (Outcome.OUTPUT_LIMIT, None)
        assert result.output_is_cut
        assert f"{limits.output_bytes} bytes (limits.output_bytes)" in result.message
        written = result.raw_stdout if stream == "stdout" else result.raw_stderr
        assert len(written) == limits.output_bytes
        assert len(result.raw_stdout) + len(result.raw_stderr) == limits.output_bytes
        assert written.startswith(b"x" * 99_999 + b"\n")

    async def test_output_of_exactly_the_limit(self, run: Run) -> None:
        """That much is allowed; a byte less allowed would be too little."""
        exact = await run(samples.prints(10), limits=SandboxLimits(output_bytes=1_000))
        assert (exact.outcome, exact.output_is_cut) == (Outcome.FINISHED, False)
        assert len(exact.raw_stdout) == 1_000
        cut = await run(samples.prints(10), limits=SandboxLimits(output_bytes=999))
        assert (cut.outcome, cut.output_is_cut) == (Outcome.OUTPUT_LIMIT, True)
        assert len(cut.raw_stdout) == 999

    async def test_both_streams_count_together(self, run: Run) -> None:
        """Each for itself would be allowed; together they are too much."""
        result = await run(samples.BOTH_STREAMS, limits=SandboxLimits(output_bytes=5_000))
        assert result.outcome is Outcome.OUTPUT_LIMIT
        assert len(result.raw_stdout) + len(result.raw_stderr) == 5_000

    # figures

    async def test_processor_time(self, run: Run) -> None:
        """What the code has computed is counted, and how long it took."""
        result = await run(samples.COMPUTES)
        assert result.outcome is Outcome.FINISHED
        assert result.cpu_time is not None
        assert timedelta(seconds=0.2) <= result.cpu_time < timedelta(seconds=5)
        assert timedelta(seconds=0.25) <= result.duration < timedelta(seconds=10)

    async def test_processor_time_of_the_idle(self, run: Run) -> None:
        """Time that passes is not time computed."""
        result = await run(samples.SLEEPS, limits=SandboxLimits(timeout=2 * _SECOND))
        assert result.cpu_time is not None
        assert result.cpu_time < _SECOND

    async def test_half_a_processor(self, run: Run) -> None:
        """Code that may use half a core computes half as much in its time."""
        limits = SandboxLimits(timeout=2 * _SECOND, cpus=0.5)
        result = await run(samples.ENDLESS, limits=limits)
        assert result.outcome is Outcome.TIMEOUT
        assert result.cpu_time is not None
        assert timedelta(seconds=0.3) <= result.cpu_time <= timedelta(seconds=1.5)

    async def test_peak_memory(self, run: Run) -> None:
        """What the code has held is counted, and no more than there was to have."""
        small, large = await run(samples.SILENT), await run(samples.HOLDS_100_MIB)
        assert small.peak_memory_bytes is not None
        assert large.peak_memory_bytes is not None
        assert 0 < small.peak_memory_bytes < 100 * MIB <= large.peak_memory_bytes <= 256 * MIB

    async def test_limits_leave_nothing(self, run: Run, sandbox: Sandbox, containers: Containers, clock: Clock) -> None:
        """What was killed for a limit is thrown away like everything else."""
        await run(samples.DEAF, limits=SandboxLimits(timeout=timedelta(seconds=0.2), pids=32))
        await run(samples.prints(100), limits=SandboxLimits(output_bytes=10, pids=32))

        async def is_gone() -> bool:
            return await containers() == sandbox.idle

        await self.eventually(clock, is_gone)
