"""hershy runs other people's long-lived programs safely.

The public names are loaded on first use, so that importing a part (``hershy.watcher``, ``hershy.client``) does
not load the whole.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .builds.spec import BuildSpec
    from .core.ids import BuildID, ContainerID, ImageID, ProgramID, PublishPort, UserID
    from .core.resources import ResourceLimits
    from .errors import HershyError
    from .programs.application.answers import ProgramLogs
    from .programs.application.host import Host
    from .programs.application.requests import ProgramRequest
    from .programs.domain.program import Program, ProgramOptions
    from .programs.domain.restart import RestartMode, RestartPolicy
    from .programs.domain.state import ProgramState
    from .sandbox.domain.job import SandboxJob, SandboxLimits
    from .sandbox.domain.result import Outcome, SandboxResult
    from .wiring import HostContainer, Settings, open_host, open_sandbox, open_server

_HOME = {
    "BuildID": "core.ids",
    "BuildSpec": "builds.spec",
    "ContainerID": "core.ids",
    "HershyError": "errors",
    "Host": "programs.application.host",
    "HostContainer": "wiring",
    "ImageID": "core.ids",
    "Program": "programs.domain.program",
    "ProgramID": "core.ids",
    "ProgramLogs": "programs.application.answers",
    "ProgramOptions": "programs.domain.program",
    "ProgramRequest": "programs.application.requests",
    "ProgramState": "programs.domain.state",
    "PublishPort": "core.ids",
    "ResourceLimits": "core.resources",
    "RestartMode": "programs.domain.restart",
    "RestartPolicy": "programs.domain.restart",
    "Settings": "wiring",
    "UserID": "core.ids",
    "Outcome": "sandbox.domain.result",
    "SandboxJob": "sandbox.domain.job",
    "SandboxLimits": "sandbox.domain.job",
    "SandboxResult": "sandbox.domain.result",
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
    try:
        value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == __name__:
            raise
        raise ImportError(
            f"hershy.{name} needs {error.name}, which is not installed: pip install 'hershy[host]', or 'hershy[all]'",
            name=error.name,
        ) from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
