"""A static look at code, in this process: for code that is trusted not to harm the parser."""

from collections.abc import Mapping

from hershy.core.adapter import AdapterContext
from hershy.sandbox.domain.risk import RiskReport
from hershy.sandbox.ports.code_analyzer import CodeAnalyzer
from hershy.sandbox.risk.analysis import MAX_TOTAL_BYTES, analyze, size_of, too_large


class InMemoryCodeAnalyzer(CodeAnalyzer):
    """Without another tool's findings."""

    async def analyze(self, files: Mapping[str, str]) -> RiskReport:
        return too_large() if size_of(files) > MAX_TOTAL_BYTES else analyze(files)

    async def aclose(self) -> None:
        """Nothing to release."""


def create(context: AdapterContext) -> InMemoryCodeAnalyzer:
    return InMemoryCodeAnalyzer()
