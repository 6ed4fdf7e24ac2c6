"""What the adapters need from the machine, each need told once."""

from collections.abc import Sequence

from hershy.builds.builder import Builder
from hershy.core.diagnosis import Requirement
from hershy.programs.ports.runtime import Runtime


async def diagnose(builder: Builder, runtime: Runtime) -> Sequence[Requirement]:
    """The findings of both, without those that are equal: both need the engine."""
    return list(dict.fromkeys([*await builder.diagnose(), *await runtime.diagnose()]))
