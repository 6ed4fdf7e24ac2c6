"""What a sandbox has used, as the engine counts it for the whole container."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from hershy.core.ids import ContainerID
from hershy.errors import HershyError

from .._container.stats import read_figures
from .._engine import Engine

DEADLINE_S = 0.2
"""Nobody waits longer for figures: a run that has ended is to be told of."""


@dataclass(frozen=True, slots=True)
class Used:
    cpu_time: timedelta
    peak_memory_bytes: int | None


async def used_by(engine: Engine, container_id: ContainerID, deadline_s: float = DEADLINE_S) -> Used | None:
    """None where the engine does not say, or not in time. It counts peaks where it has cgroups of version 1."""
    try:
        async with asyncio.timeout(deadline_s):
            figures = await read_figures(engine, container_id)
        memory = figures["memory_stats"]
        if "usage" not in memory:
            return None
        nanoseconds = int(figures["cpu_stats"]["cpu_usage"]["total_usage"])
        peak = memory.get("max_usage")
        return Used(timedelta(microseconds=nanoseconds / 1000), None if peak is None else int(peak))
    except (HershyError, TimeoutError, LookupError, TypeError, ValueError):
        return None
