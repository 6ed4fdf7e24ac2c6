"""Whether the steps of builds can be bounded here, and the control group that does it."""

import asyncio
from contextlib import suppress

from hershy.domain.build_policy import BuildPolicy
from hershy.domain.errors import HershyError
from hershy.ports.diagnosis import Finding

from ._build_cgroup import BuildCgroup, is_engine_here
from ._engine import Engine
from ._errors import translated


class StepLimits:
    def __init__(self, engine: Engine, cgroup: BuildCgroup) -> None:
        self._engine = engine
        self._cgroup = cgroup
        self._prepared: BuildPolicy | None = None

    async def parent(self, policy: BuildPolicy) -> str | None:
        """The control group for steps under ``policy``; None without limits, and where it cannot be made.

        Raises EngineUnavailable.
        """
        if not policy.limits_steps:
            return None
        if self._prepared != policy:
            if not await self._is_engine_here():
                return None
            try:
                await asyncio.to_thread(self._cgroup.prepare, policy)
            except OSError:
                return None
            self._prepared = policy
        return self._cgroup.parent

    async def diagnose(self) -> Finding:
        name = "build limits"
        remedy = "run the Host as root on the engine's machine, outside of a container"
        try:
            if not await self._is_engine_here():
                detail = "the engine is not on this machine: the classic builder is used, without a bound on processes"
                return Finding(name, ok=False, detail=detail, remedy=remedy, required=False)
            await asyncio.to_thread(self._cgroup.prepare, self._prepared or BuildPolicy())
        except (HershyError, OSError) as error:
            detail = f"no control group for builds ({error}): the classic builder is used, without a bound on processes"
            return Finding(name, ok=False, detail=detail, remedy=remedy, required=False)
        return Finding(name, ok=True, detail=f"by the control group {self._cgroup.parent}", required=False)

    async def aclose(self) -> None:
        with suppress(OSError):
            await asyncio.to_thread(self._cgroup.remove)
        self._prepared = None

    async def _is_engine_here(self) -> bool:
        with translated("asking the engine at", self._engine.host):
            return is_engine_here(await self._engine.client.system.info())
