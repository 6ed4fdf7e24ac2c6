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

_NAMES = {
    "application.policy": "SandboxPolicy",
    "application.service": "SandboxService",
    "domain.job": "SandboxJob SandboxLimits",
    "domain.result": "Outcome PythonError SandboxResult",
    "domain.risk": "LintFinding Reason RiskReport Verdict",
    "risk.analysis": "analyze",
}
_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}

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
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
