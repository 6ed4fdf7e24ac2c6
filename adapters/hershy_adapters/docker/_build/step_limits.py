"""Whether the steps of builds can be bounded here, and the control group that does it."""

import asyncio

from hershy.builds.policy import BuildPolicy
from hershy.errors import HershyError
from hershy.core.diagnosis import Requirement

from .cgroup import BuildCgroup, is_engine_here
from .._engine import Engine
from .._errors import translated


class StepLimits:
    def __init__(self, engine: Engine, cgroup: BuildCgroup) -> None:
        self._engine = engine
        self._cgroup = cgroup
        self._was_used = False

    async def parent(self, policy: BuildPolicy) -> str | None:
        """The control group for steps under ``policy``; None without limits, and where it cannot be made.

        Raises EngineUnavailable.
        """
        if not policy.limits_steps:
            return None
        if not await self._is_engine_here():
            return None
        self._was_used = True
        try:
            # Every time: somebody may have removed the group since, and BuildKit would make one without limits.
            await asyncio.to_thread(self._cgroup.prepare, policy)
        except OSError:
            return None
        return self._cgroup.parent

    async def diagnose(self) -> Requirement:
        name = "build limits"
        remedy = "run the Host as root on the engine's machine, outside of a container"
        try:
            if await self._is_engine_here() and self._cgroup.can_be_made():
                return Requirement(name, ok=True, detail=f"by the control group {self._cgroup.parent}", required=False)
            detail = "no control group can be made here: the classic builder is used, without a bound on processes"
        except HershyError as error:
            detail = str(error)
        return Requirement(name, ok=False, detail=detail, remedy=remedy, required=False)

    async def aclose(self) -> None:
        """Remove the group, if this object made it: who only diagnoses leaves that of a running Host alone."""
        if self._was_used:
            await asyncio.to_thread(self._cgroup.remove)

    async def _is_engine_here(self) -> bool:
        with translated("asking the engine at", self._engine.host):
            return is_engine_here(await self._engine.client.system.info())
