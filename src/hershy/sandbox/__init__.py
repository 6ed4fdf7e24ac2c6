"""The sandbox: run one piece of untrusted code, once, safely and fast. ``hershy.open_sandbox`` is where to begin.

Names are loaded on first use: whoever only looks at code (``risk``) loads nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .application.policy import SandboxPolicy
    from .application.service import SandboxService
    from .domain.job import SandboxJob, SandboxLimits
    from .domain.result import Outcome, PythonError, SandboxResult
    from .domain.risk import LintFinding, Reason, RiskReport, Verdict
    from .risk.analysis import analyze

_HOME = {
    "LintFinding": "hershy.sandbox.domain.risk",
    "Outcome": "hershy.sandbox.domain.result",
    "PythonError": "hershy.sandbox.domain.result",
    "Reason": "hershy.sandbox.domain.risk",
    "RiskReport": "hershy.sandbox.domain.risk",
    "SandboxJob": "hershy.sandbox.domain.job",
    "SandboxLimits": "hershy.sandbox.domain.job",
    "SandboxPolicy": "hershy.sandbox.application.policy",
    "SandboxResult": "hershy.sandbox.domain.result",
    "SandboxService": "hershy.sandbox.application.service",
    "Verdict": "hershy.sandbox.domain.risk",
    "analyze": "hershy.sandbox.risk.analysis",
}

__all__ = [
    "LintFinding",
    "Outcome",
    "PythonError",
    "Reason",
    "RiskReport",
    "SandboxJob",
    "SandboxLimits",
    "SandboxPolicy",
    "SandboxResult",
    "SandboxService",
    "Verdict",
    "analyze",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hershy.sandbox' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
