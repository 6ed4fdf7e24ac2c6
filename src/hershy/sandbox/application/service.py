"""SandboxService: what callers use. Looks at code, runs it, counts what came of it."""

from dataclasses import replace

from hershy.access.principals import LOCAL, Principal
from hershy.core.log import get_logger
from hershy.errors import HershyError, ImageNotFound
from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import Outcome, SandboxResult
from hershy.sandbox.domain.risk import RiskReport, Verdict
from hershy.sandbox.ports.code_analyzer import CodeAnalyzer
from hershy.sandbox.ports.sandbox import Sandbox

from .metrics import SandboxMetrics
from .policy import SandboxPolicy
from .slots import Slots

_REASONS_TOLD = 3

_log = get_logger("hershy.sandbox")


class SandboxService:
    """Safe for concurrent use by one event loop; ``open`` it before the first run. Closing ``sandbox`` and ``analyzer``
    ends it: they belong to whoever made them."""

    def __init__(self, sandbox: Sandbox, analyzer: CodeAnalyzer, policy: SandboxPolicy = SandboxPolicy()) -> None:
        self._sandbox = sandbox
        self._analyzer = analyzer
        self._policy = policy
        self._slots = Slots(policy.at_once, policy.at_once_per_user, policy.queue)
        self.metrics = SandboxMetrics(lambda: sandbox.idle)

    @property
    def runtime(self) -> str:
        return self._sandbox.runtime

    @property
    def idle(self) -> int:
        """How many warm containers wait for a run."""
        return self._sandbox.idle

    async def open(self) -> None:
        """Remove what killed processes have left behind. Idempotent.

        An engine that is away is no error: whoever runs something will hear of it.
        """
        try:
            removed = await self._sandbox.reap()
        except HershyError as error:
            _log.warning("sandboxes of processes that have died may be left", error=str(error))
        else:
            if removed:
                _log.warning("removed sandboxes of processes that have died", count=removed)

    async def warm(self) -> None:
        """Fill the pool, and keep it full from then on; the first run does so too, in the background."""
        await self._sandbox.warm()

    async def analyze(self, job: SandboxJob, *, by: Principal = LOCAL) -> RiskReport:
        """What is risky in the job's Python files, without running them, and the score at which ``run`` refuses them.

        Raises QuotaExceeded as ``run``.
        """
        threshold = self._policy.threshold_for(check=True, threshold=None)
        async with self._slots.taken(by.share):
            return replace(await self._analyzer.analyze(job.python_sources), threshold=threshold)

    async def run(
        self,
        job: SandboxJob | str,
        *,
        check: bool = True,
        threshold: int | None = None,
        by: Principal = LOCAL,
    ) -> SandboxResult:
        """Run Python code, or a whole job, once, and tell how it ended. A text is Python code.

        Code that scores ``threshold`` (the operator's by default) or more is refused, and so is code that cannot be
        read, unless the interpreter can't read it either, which is a syntax error. ``check`` False: whatever the score,
        which is in the result either way, with the threshold. What the code does is never raised, only what keeps it
        from running: InvalidValue when it asks for more than there is to have, QuotaExceeded when too many runs are
        under way, ImageNotFound, RuntimeFailure, EngineUnavailable. Cancelled, it kills the run.
        """
        if isinstance(job, str):
            job = SandboxJob(job)
        names_image = bool(job.image)
        job = self._policy.admit(job)
        refused_at = self._policy.threshold_for(check=check, threshold=threshold)
        async with self._slots.taken(by.share):
            try:
                result = await self._run(job, refused_at)
            except ImageNotFound as error:
                if names_image:
                    raise
                raise ImageNotFound(
                    error.image,
                    detail="it is the setting sandbox_image of whoever runs the code: at a Host the Host's, not "
                    "HERSHY_SANDBOX_IMAGE of its callers",
                    remedy="name another for this run with image (--image)",
                ) from error
        self.metrics.observe(result)
        _log.info("ran in a sandbox", by=by.name, outcome=result.outcome, seconds=result.duration.total_seconds())
        return result

    async def _run(self, job: SandboxJob, threshold: int | None) -> SandboxResult:
        report = replace(await self._analyzer.analyze(job.python_sources), threshold=threshold)
        if threshold is not None and report.verdict() is Verdict.REFUSED:
            return self._refused(report, _too_high(report))
        if threshold is not None and report.unreadable and job.code is not None:
            result = await self._sandbox.run(job, syntax_only=True)
            if result.outcome is Outcome.FINISHED:
                return self._refused(report, f"refused: {report.unreadable}, so that nothing can be said of its risk")
            return replace(result, risk=report)
        return replace(await self._sandbox.run(job), risk=report)

    def _refused(self, report: RiskReport, message: str) -> SandboxResult:
        return SandboxResult(Outcome.REFUSED, message, runtime=self.runtime, risk=report)


def _too_high(report: RiskReport) -> str:
    worst = sorted(report.reasons, key=lambda it: -it.points)[:_REASONS_TOLD]
    told = "; ".join(f"{it.file}, line {it.line}: {it.message}" for it in worst)
    return f"refused: scored {report.score}, of {report.threshold} at which code is refused: {told}"
