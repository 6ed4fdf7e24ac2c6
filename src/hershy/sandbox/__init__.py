"""The sandbox: run one piece of untrusted code, once, safely and fast. ``hershy.open_sandbox`` is where to begin.

Names are loaded on first use: whoever only looks at code (``risk``) loads nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hershy.domain.risk import LintFinding, Reason, RiskReport, Verdict
    from hershy.domain.sandbox import SandboxJob, SandboxLimits
    from hershy.domain.sandbox_result import Outcome, PythonError, SandboxResult

    from .policy import SandboxPolicy
    from .risk.analysis import analyze
    from .service import SandboxService

_HOME = {
    "LintFinding": "hershy.domain.risk",
    "Outcome": "hershy.domain.sandbox_result",
    "PythonError": "hershy.domain.sandbox_result",
    "Reason": "hershy.domain.risk",
    "RiskReport": "hershy.domain.risk",
    "SandboxJob": "hershy.domain.sandbox",
    "SandboxLimits": "hershy.domain.sandbox",
    "SandboxPolicy": "hershy.sandbox.policy",
    "SandboxResult": "hershy.domain.sandbox_result",
    "SandboxService": "hershy.sandbox.service",
    "Verdict": "hershy.domain.risk",
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
