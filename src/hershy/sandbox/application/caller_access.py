"""A sandbox as one caller may use it."""

from hershy.access.principals import Principal
from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import SandboxResult
from hershy.sandbox.domain.risk import RiskReport

from .service import SandboxService


class SandboxAccess:
    """Methods are those of SandboxService, of the same names. What a caller may do its Principal says."""

    def __init__(self, sandbox: SandboxService, principal: Principal) -> None:
        self._sandbox = sandbox
        self._by = principal

    async def analyze(self, job: SandboxJob) -> RiskReport:
        return await self._sandbox.analyze(job, by=self._by)

    async def run(self, job: SandboxJob, *, check: bool = True, threshold: int | None = None) -> SandboxResult:
        return await self._sandbox.run(job, check=check, threshold=threshold, by=self._by)
