"""Fault doubles of the Builder port."""

from collections.abc import Sequence
from datetime import timedelta

from hershy.builds.builder import Builder, BuildOutput, BuildRequest
from hershy.core.diagnosis import Requirement
from hershy.core.ids import BuildID, ImageID
from hershy.errors import BuildError

from ._methods import Failing, Slow, Wrapped


class _WrappedBuilder(Wrapped[Builder], Builder):
    PORT = "Builder"
    CALLS = frozenset({"build", "find", "remove", "trim_cache"})
    ERROR = BuildError
    DISTURBED = ("build",)

    async def build(self, request: BuildRequest, output: BuildOutput) -> ImageID:
        await self._before("build")
        return await self.inner.build(request, output)

    async def find(self, build_id: BuildID) -> ImageID | None:
        await self._before("find")
        return await self.inner.find(build_id)

    async def remove(self, build_id: BuildID) -> None:
        await self._before("remove")
        await self.inner.remove(build_id)

    async def trim_cache(self, most_bytes: int, unused_for: timedelta) -> int:
        await self._before("trim_cache")
        return await self.inner.trim_cache(most_bytes, unused_for)

    async def diagnose(self) -> Sequence[Requirement]:
        return await self.inner.diagnose()

    async def aclose(self) -> None:
        await self.inner.aclose()


class FailingBuilder(Failing[Builder], _WrappedBuilder):
    """Raises from chosen methods; see Failing for the arguments."""


class SlowBuilder(Slow[Builder], _WrappedBuilder):
    """Answers chosen methods late; see Slow for the arguments. The delay counts against no build's own timeout."""
