"""A sandbox whose runs can be held, and an analyzer whose rules are known."""

import asyncio
from collections.abc import Mapping
from typing import Any

from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import SandboxResult
from hershy.sandbox.domain.risk import LintFinding, Reason, RiskReport
from hershy.sandbox.ports.code_analyzer import CodeAnalyzer
from hershy_adapters.memory.sandbox import InMemorySandbox

AT_ONCE_PER_USER = 2
UNREADABLE = "unreadable"


class HeldSandbox(InMemorySandbox):
    """While ``is_holding``, runs go on until they are cancelled; ``begun`` and ``killed`` count them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_holding = False
        self.begun: asyncio.Semaphore = asyncio.Semaphore(0)
        self.killed: asyncio.Semaphore = asyncio.Semaphore(0)

    async def run(self, job: SandboxJob, *, syntax_only: bool = False) -> SandboxResult:
        if not self.is_holding:
            return await super().run(job, syntax_only=syntax_only)
        self.begun.release()
        try:
            return await asyncio.Future[SandboxResult]()
        except asyncio.CancelledError:
            self.killed.release()
            raise


class WordAnalyzer(CodeAnalyzer):
    """20 points for every line that says ``eval``; says of code that holds ``unreadable`` that it is."""

    async def analyze(self, files: Mapping[str, str]) -> RiskReport:
        reasons = [
            Reason("eval", 20, "calls eval", path, number)
            for path, text in files.items()
            for number, line in enumerate(text.split("\n"), 1)
            if "eval" in line
        ]
        lint = [LintFinding("bandit", "B307", "medium", "high", "eval", it.file, it.line) for it in reasons]
        is_unreadable = any(UNREADABLE in text for text in files.values())
        return RiskReport(reasons, lint, "nested too deeply" if is_unreadable else "")

    async def aclose(self) -> None:
        """Nothing to release."""
