"""hershy runs other people's long-lived programs safely.

The public names are loaded on first use, so that importing a part (``hershy.watcher``, ``hershy.client``) does
not load the whole.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .application.host import Host
    from .application.requests import ProgramLogs, ProgramRequest
    from .domain.build_spec import BuildSpec
    from .domain.errors import HershyError
    from .domain.ids import BuildID, ContainerID, ImageID, ProgramID, PublishPort, UserID
    from .domain.program import Program, ProgramOptions
    from .domain.resources import ResourceLimits
    from .domain.restart import RestartMode, RestartPolicy
    from .domain.sandbox import SandboxJob, SandboxLimits
    from .domain.sandbox_result import Outcome, SandboxResult
    from .domain.state import ProgramState
    from .wiring import HostContainer, Settings, open_host, open_sandbox, open_server

_HOME = {
    "BuildID": "domain.ids",
    "BuildSpec": "domain.build_spec",
    "ContainerID": "domain.ids",
    "HershyError": "domain.errors",
    "Host": "application.host",
    "HostContainer": "wiring",
    "ImageID": "domain.ids",
    "Program": "domain.program",
    "ProgramID": "domain.ids",
    "ProgramLogs": "application.requests",
    "ProgramOptions": "domain.program",
    "ProgramRequest": "application.requests",
    "ProgramState": "domain.state",
    "PublishPort": "domain.ids",
    "ResourceLimits": "domain.resources",
    "RestartMode": "domain.restart",
    "RestartPolicy": "domain.restart",
    "Settings": "wiring",
    "UserID": "domain.ids",
    "Outcome": "domain.sandbox_result",
    "SandboxJob": "domain.sandbox",
    "SandboxLimits": "domain.sandbox",
    "SandboxResult": "domain.sandbox_result",
    "open_host": "wiring",
    "open_sandbox": "wiring",
    "open_server": "wiring",
}

__all__ = [
    "BuildID",
    "BuildSpec",
    "ContainerID",
    "HershyError",
    "Host",
    "HostContainer",
    "ImageID",
    "Outcome",
    "Program",
    "ProgramID",
    "ProgramLogs",
    "ProgramOptions",
    "ProgramRequest",
    "ProgramState",
    "PublishPort",
    "ResourceLimits",
    "RestartMode",
    "RestartPolicy",
    "SandboxJob",
    "SandboxLimits",
    "SandboxResult",
    "Settings",
    "UserID",
    "open_host",
    "open_sandbox",
    "open_server",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hershy' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
