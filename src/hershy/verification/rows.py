"""One row: a contract, what was tried against it, what happened, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self


class CheckResult(StrEnum):
    """``INCONCLUSIVE``: the try could not really be made, so it proves nothing, and the contract is not held proven."""

    CONTAINED = "contained"
    BREACHED = "breached"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    contract: str
    tried: str
    happened: str
    verdict: CheckResult

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """What a probe answered. Raises KeyError, ValueError for anything else."""
        name, contract, tried, happened = (str(document[key]) for key in ("name", "contract", "tried", "happened"))
        return cls(name, contract, tried, happened, CheckResult(document["verdict"]))

    def named(self, name: str, tried: str, contract: str | None = None) -> Self:
        """The same outcome of a try that has a meaning of its own."""
        return replace(self, name=name, tried=tried, contract=contract or self.contract)

    def judged(self, verdict: CheckResult, happened: str) -> Self:
        return replace(self, verdict=verdict, happened=happened)
