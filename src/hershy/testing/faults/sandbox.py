"""Fault doubles of the Sandbox port."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import timedelta

from hershy.core.clock import Clock
from hershy.core.diagnosis import Requirement
from hershy.errors import HershyError, RuntimeFailure
from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import SandboxResult
from hershy.sandbox.ports.sandbox import Sandbox

from ._methods import Failure, chosen

ENGINE_CALLS = frozenset({"run", "warm", "reap"})
"""The methods of the port that an engine answers."""


class _WrappedSandbox(Sandbox):
    """Hands everything to ``inner``; what ``_before`` does comes first."""

    def __init__(self, inner: Sandbox) -> None:
        self.inner = inner
        self.runtime = inner.runtime

    @abstractmethod
    async def _before(self, method: str) -> None: ...

    @property
    def idle(self) -> int:
        return self.inner.idle

    async def run(self, job: SandboxJob, *, syntax_only: bool = False) -> SandboxResult:
        await self._before("run")
        return await self.inner.run(job, syntax_only=syntax_only)

    async def warm(self) -> None:
        await self._before("warm")
        await self.inner.warm()

    async def reap(self) -> int:
        await self._before("reap")
        return await self.inner.reap()

    async def diagnose(self) -> Sequence[Requirement]:
        return await self.inner.diagnose()

    async def aclose(self) -> None:
        await self.inner.aclose()


class FailingSandbox(_WrappedSandbox):
    """Raises ``error`` from the named methods, the first ``times`` calls of them, or for ever by default."""

    def __init__(
        self,
        inner: Sandbox,
        methods: Collection[str] = ("run",),
        error: HershyError | None = None,
        times: int | None = None,
    ) -> None:
        super().__init__(inner)
        self._methods = chosen("Sandbox", methods, ENGINE_CALLS)
        self._failure = Failure(error or RuntimeFailure("a fault double fails on purpose"), times)

    async def _before(self, method: str) -> None:
        if method in self._methods:
            self._failure.strike()


class SlowSandbox(_WrappedSandbox):
    """Lets ``delay`` pass on ``clock`` before each call of the named methods, by default of all."""

    def __init__(self, inner: Sandbox, clock: Clock, delay: timedelta, methods: Collection[str] = ENGINE_CALLS) -> None:
        super().__init__(inner)
        self._clock = clock
        self._delay = delay
        self._methods = chosen("Sandbox", methods, ENGINE_CALLS)

    async def _before(self, method: str) -> None:
        if method in self._methods:
            await self._clock.sleep(self._delay)
