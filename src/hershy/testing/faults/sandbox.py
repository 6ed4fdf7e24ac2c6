"""Fault doubles of the Sandbox port."""

from collections.abc import Sequence
from typing import Any

from hershy.core.diagnosis import Requirement
from hershy.errors import RuntimeFailure
from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import SandboxResult
from hershy.sandbox.ports.sandbox import Sandbox

from ._methods import Failing, Slow, Wrapped


class _WrappedSandbox(Wrapped[Sandbox], Sandbox):
    PORT = "Sandbox"
    CALLS = frozenset({"run", "warm", "reap"})
    ERROR = RuntimeFailure
    DISTURBED = ("run",)

    def __init__(self, inner: Sandbox, *args: Any, **kwargs: Any) -> None:
        super().__init__(inner, *args, **kwargs)
        self.runtime = inner.runtime

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


class FailingSandbox(Failing[Sandbox], _WrappedSandbox):
    """Raises from chosen methods; see Failing for the arguments."""


class SlowSandbox(Slow[Sandbox], _WrappedSandbox):
    """Answers chosen methods late; see Slow for the arguments."""
