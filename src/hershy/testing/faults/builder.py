"""Fault doubles of the Builder port."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import timedelta

from hershy.domain.errors import BuildError, HershyError
from hershy.domain.ids import BuildID, ImageID
from hershy.ports.builder import Builder, BuildOutput, BuildRequest
from hershy.ports.clock import Clock
from hershy.ports.diagnosis import Finding

ENGINE_CALLS = frozenset({"build", "find", "remove"})
"""The methods of the port that an engine answers."""


class _WrappedBuilder(Builder):
    """Hands everything to ``inner``; what ``_before`` does comes first."""

    def __init__(self, inner: Builder, methods: Collection[str]) -> None:
        unknown = set(methods) - ENGINE_CALLS
        if unknown:
            raise ValueError(
                f"no engine calls of the Builder port: {sorted(unknown)}; choose from {sorted(ENGINE_CALLS)}"
            )
        self.inner = inner
        self._methods = frozenset(methods)

    @abstractmethod
    async def _before(self) -> None: ...

    async def build(self, request: BuildRequest, output: BuildOutput) -> ImageID:
        await self._if_chosen("build")
        return await self.inner.build(request, output)

    async def find(self, build_id: BuildID) -> ImageID | None:
        await self._if_chosen("find")
        return await self.inner.find(build_id)

    async def remove(self, build_id: BuildID) -> None:
        await self._if_chosen("remove")
        await self.inner.remove(build_id)

    async def diagnose(self) -> Sequence[Finding]:
        return await self.inner.diagnose()

    async def aclose(self) -> None:
        await self.inner.aclose()

    async def _if_chosen(self, method: str) -> None:
        if method in self._methods:
            await self._before()


class FailingBuilder(_WrappedBuilder):
    """Raises ``error`` from the named methods, the first ``times`` calls of them, or for ever by default."""

    def __init__(
        self,
        inner: Builder,
        methods: Collection[str] = ("build",),
        error: HershyError | None = None,
        times: int | None = None,
    ) -> None:
        super().__init__(inner, methods)
        self._error = error or BuildError("a fault double fails on purpose")
        self._times_left = times

    async def _before(self) -> None:
        if self._times_left == 0:
            return
        if self._times_left is not None:
            self._times_left -= 1
        raise self._error


class SlowBuilder(_WrappedBuilder):
    """Lets ``delay`` pass on ``clock`` before each call of the named methods, by default of all.

    Like an engine that is slow to answer: the delay counts against no build's own timeout.
    """

    def __init__(self, inner: Builder, clock: Clock, delay: timedelta, methods: Collection[str] = ENGINE_CALLS) -> None:
        super().__init__(inner, methods)
        self._clock = clock
        self._delay = delay

    async def _before(self) -> None:
        await self._clock.sleep(self._delay)
