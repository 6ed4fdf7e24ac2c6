"""What a program uses of the machine right now."""

from datetime import timedelta

from hershy.core.deadline import within
from hershy.core.ids import ContainerID, ProgramID
from hershy.errors import ContainerNotFound, RuntimeFailure
from hershy.programs.ports.runtime import ContainerStats

from .answers import ProgramStats
from .services import Services
from .supervision.registry import Registry

SAMPLE = timedelta(milliseconds=200)
"""Two readings so far apart tell how busy the processor is."""


async def statistics(services: Services, registry: Registry, program_id: ProgramID) -> ProgramStats:
    """Takes ``SAMPLE`` and two questions to the engine; nothing of a container when there is none."""
    program = registry.get(program_id).program
    container_id = program.container_id
    usage = await services.storage.state_usage(program_id, program.options.resources.state_entries)
    state_bytes = usage.bytes
    if container_id is None:
        return ProgramStats(None, None, state_bytes)
    try:
        sampling = _sample(services, container_id)
        limit = services.limits.engine
        earlier, later = await within(services.clock, limit, f"reading the statistics of {program_id}", sampling)
    except (ContainerNotFound, RuntimeFailure):  # it has ended meanwhile
        return ProgramStats(None, None, state_bytes)
    elapsed_s = (later.at - earlier.at).total_seconds()
    cores = (later.cpu_seconds - earlier.cpu_seconds) / elapsed_s if elapsed_s > 0 else 0.0
    return ProgramStats(later, max(0.0, cores), state_bytes)


async def _sample(services: Services, container_id: ContainerID) -> tuple[ContainerStats, ContainerStats]:
    earlier = await services.runtime.stats(container_id)
    await services.clock.sleep(SAMPLE)
    return earlier, await services.runtime.stats(container_id)
