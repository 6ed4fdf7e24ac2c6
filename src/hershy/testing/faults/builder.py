"""Fault doubles of the Builder port."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import timedelta

from hershy.builds.builder import Builder, BuildOutput, BuildRequest
from hershy.core.clock import Clock
from hershy.core.diagnosis import Requirement
from hershy.core.ids import BuildID, ImageID
from hershy.errors import BuildError, HershyError

from ._methods import Failure, chosen

ENGINE_CALLS = frozenset({"build", "find", "remove"})
"""The methods of the port that an engine answers."""


class _WrappedBuilder(Builder):
    """Hands everything to ``inner``; what ``_before`` does comes first."""

    def __init__(self, inner: Builder) -> None:
        self.inner = inner

    @abstractmethod
    async def _before(self, method: str) -> None: ...

    async def build(self, request: BuildRequest, output: BuildOutput) -> ImageID:
        await self._before("build")
        return await self.inner.build(request, output)

    async def find(self, build_id: BuildID) -> ImageID | None:
        await self._before("find")
        return await self.inner.find(build_id)

    async def remove(self, build_id: BuildID) -> None:
        await self._before("remove")
        await self.inner.remove(build_id)

    async def diagnose(self) -> Sequence[Requirement]:
        return await self.inner.diagnose()

    async def aclose(self) -> None:
        await self.inner.aclose()


class FailingBuilder(_WrappedBuilder):
    """Raises ``error`` from the named methods, the first ``times`` calls of them, or for ever by default."""

    def __init__(
        self,
        inner: Builder,
        methods: Collection[str] = ("build",),
        error: HershyError | None = None,
        times: int | None = None,
    ) -> None:
        super().__init__(inner)
        self._methods = chosen("Builder", methods, ENGINE_CALLS)
        self._failure = Failure(error or BuildError("a fault double fails on purpose"), times)

    async def _before(self, method: str) -> None:
        if method in self._methods:
            self._failure.strike()


class SlowBuilder(_WrappedBuilder):
    """Lets ``delay`` pass on ``clock`` before each call of the named methods, by default of all.

    Like an engine that is slow to answer: the delay counts against no build's own timeout.
    """

    def __init__(self, inner: Builder, clock: Clock, delay: timedelta, methods: Collection[str] = ENGINE_CALLS) -> None:
        super().__init__(inner)
        self._clock = clock
        self._delay = delay
        self._methods = chosen("Builder", methods, ENGINE_CALLS)

    async def _before(self, method: str) -> None:
        if method in self._methods:
            await self._clock.sleep(self._delay)
