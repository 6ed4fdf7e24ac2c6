"""Sandbox: runs a piece of untrusted code once, in a container of its own that is thrown away."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from hershy.core.diagnosis import Requirement
from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import SandboxResult

DEFAULT_IMAGE = "python:3.12-slim"
"""What Python code runs in, where the operator says nothing."""
DEFAULT_POOL_SIZE = 2
"""Containers kept warm, likewise."""


class Sandbox(ABC):
    """What code does inside never shows as an error of ``run``: it is an outcome.

    No two runs share anything: each has a container that nothing has run in before and nothing runs in after. The
    code has no network, a root file system that it cannot write to, no capabilities, and no way to get any; it is
    not root. It reaches nothing of the Host's machine.
    """

    runtime: str
    """What holds the code: ``runsc``, ``runc``, ``memory``."""

    @property
    @abstractmethod
    def idle(self) -> int:
        """How many warm containers wait for a run."""

    @abstractmethod
    async def run(self, job: SandboxJob, *, syntax_only: bool = False) -> SandboxResult:
        """Run the job, within its limits, and tell how it ended. ``syntax_only``: only see whether its code is Python.

        Returns at most half a second after the job's timeout once it has begun; bringing back files that were asked for
        may take ten seconds more. Raises ImageNotFound, with the remedy,
        RuntimeFailure when the container cannot be made, EngineUnavailable. Cancelled, or failed, it kills the run;
        the container is removed in the background, at the latest by ``aclose``. Not idempotent, safe to call any
        number of times at once.
        """

    @abstractmethod
    async def warm(self) -> None:
        """Return once the pool is full; it keeps itself so from then on. Idempotent. Raises as ``run``."""

    @abstractmethod
    async def reap(self) -> int:
        """Remove what processes that have died left behind, and return how many containers that were.

        Never those of a process that lives. Idempotent. Raises EngineUnavailable.
        """

    @abstractmethod
    async def diagnose(self) -> Sequence[Requirement]:
        """Say what this adapter needs from the machine and whether it is there. Never raises for what it finds."""

    @abstractmethod
    async def aclose(self) -> None:
        """Kill runs under way, remove every container, the pool's too. Idempotent; releases also when it fails.

        A run under way ends as ``killed``; one whose container was not there yet raises Unavailable.
        """
