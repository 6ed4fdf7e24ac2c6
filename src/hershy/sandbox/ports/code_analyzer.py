"""CodeAnalyzer: looks at Python code without running it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from hershy.sandbox.domain.risk import RiskReport


class CodeAnalyzer(ABC):
    """Says what is risky in code. Whatever the code is, looking at it does the Host no harm: it ends within a deadline
    and takes a bounded amount of memory.

    That bound is what adapters add, and all that they differ in: reading hostile source takes a process that can be
    ended. What is risky is the sandbox's own to say, the same in whatever process. So the analysis stands beside this
    port, in ``hershy.sandbox.risk``: pure functions of text, which know of the domain alone and may be called by
    adapters, as ports and domain may.
    """

    @abstractmethod
    async def analyze(self, files: Mapping[str, str]) -> RiskReport:
        """The reasons of all ``files`` (text by path), in order of path and line.

        A file that is not Python makes the report ``unreadable``, as does one that takes too long or too much memory
        to read: never an error. Deterministic for files that can be read. Cancelled, it leaves nothing running.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """End whatever it runs. Idempotent; releases also when it fails."""
