"""The part of the Runtime contract that is about statistics."""

import time
from datetime import timedelta

import pytest

from hershy.core.ids import ContainerID
from hershy.errors import ContainerNotFound, RuntimeFailure
from hershy.programs.ports.runtime import Runtime

from ._runtime_base import FOREVER, GRACE, PAUSE, UNKNOWN, MakeSpec, RuntimeContractBase, Script

FAST_S = 0.1
"""Of the best of some attempts: the machine may be busy with something else."""


@pytest.mark.asyncio
class RuntimeStatsContract(RuntimeContractBase):
    """What is measured of a container that runs, and that nothing is of one that does not."""

    async def test_stats_of_what_runs(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Every figure is there and possible, and the limit is the one asked for."""
        spec = make_spec(FOREVER)
        container_id = await self.started(runtime, spec)
        await self.first_line(runtime, container_id)
        stats = await runtime.stats(container_id)
        assert stats.at.utcoffset() == timedelta()
        assert stats.cpu_seconds >= 0
        assert stats.memory_limit_bytes == spec.resources.memory_bytes
        assert 0 < stats.memory_bytes <= stats.memory_limit_bytes
        assert stats.pids >= 1
        assert stats.network_rx_bytes >= 0
        assert stats.network_tx_bytes >= 0

    async def test_processor_time_adds_up(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A busy program's processor time grows as time passes, and no faster than its share allows."""
        spec = make_spec(Script(is_busy=True))
        container_id = await self.started(runtime, spec)
        earlier = await runtime.stats(container_id)
        await self.ended(runtime, await self.started(runtime, make_spec(Script(exit_code=0, pause_before_exit=PAUSE))))
        later = await runtime.stats(container_id)
        used_s, passed_s = later.cpu_seconds - earlier.cpu_seconds, (later.at - earlier.at).total_seconds()
        assert passed_s >= PAUSE.total_seconds()
        # The scheduler hands the share out in slices of a tenth of a second.
        assert 0.02 < used_s <= spec.resources.cpus * passed_s + 0.2

    async def test_stats_are_fast(self, runtime: Runtime, running: ContainerID) -> None:
        """A reading takes less than a tenth of a second."""
        taken_s = []
        for _ in range(5):
            begun = time.monotonic()
            await runtime.stats(running)
            taken_s.append(time.monotonic() - begun)
        assert min(taken_s) < FAST_S

    async def test_stats_of_what_does_not_run(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Neither before the start nor after the end is there anything to measure."""
        container_id = await runtime.create(make_spec(FOREVER))
        with pytest.raises(RuntimeFailure, match=f"{container_id}.*does not run"):
            await runtime.stats(container_id)
        await runtime.start(container_id)
        await runtime.stop(container_id, GRACE)
        with pytest.raises(RuntimeFailure, match=f"{container_id}.*does not run"):
            await runtime.stats(container_id)

    async def test_stats_of_unknown_container(self, runtime: Runtime) -> None:
        """A container that does not exist cannot be measured."""
        with pytest.raises(ContainerNotFound, match=str(UNKNOWN)):
            await runtime.stats(UNKNOWN)
