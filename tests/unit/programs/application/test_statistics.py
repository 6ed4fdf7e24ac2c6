"""What a program uses of the machine."""

from datetime import timedelta

import pytest

from hershy.programs.domain.state import ProgramState as S
from hershy.testing.twins import Twins
from hershy_adapters.memory.behaviour import ProgramBehaviour
from hershy_adapters.memory.usage import Usage


async def test_a_running_program_s_use(hershy_twins: Twins) -> None:
    """Cores in use come from two readings; the rest from the later one."""
    usage = Usage(cpus=0.25, memory_bytes=7_000_000, pids=3)
    hershy_twins.runtime.behave(ProgramBehaviour(usage=usage))
    program = await hershy_twins.ready()
    stats = await hershy_twins.host.stats(program.id)
    assert stats.container is not None
    assert stats.cpu_cores == pytest.approx(0.25)
    assert (stats.container.memory_bytes, stats.container.pids) == (7_000_000, 3)
    await hershy_twins.clock.sleep(timedelta(seconds=8))
    later = await hershy_twins.host.stats(program.id)
    assert later.container is not None
    assert later.container.cpu_seconds > stats.container.cpu_seconds + 2 - 1e-6


async def test_a_program_at_rest_uses_only_its_disk(hershy_twins: Twins) -> None:
    """Nothing of a container, before the first and after the last."""
    program = await hershy_twins.create()
    for _ in range(2):
        stats = await hershy_twins.host.stats(program.id)
        assert (stats.container, stats.cpu_cores, stats.state_bytes) == (None, None, 0)
        await hershy_twins.host.start(program.id)
        await hershy_twins.host.wait_for(program.id, S.READY)
        await hershy_twins.host.stop(program.id)
        await hershy_twins.host.wait_for(program.id, S.STOPPED)
