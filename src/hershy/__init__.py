"""hershy runs other people's long-lived programs safely.

    async with hershy.open_host() as host:
        async with host.running(hershy.BuildSpec.from_directory("bot"), user="alice") as program:
            print(await program.message("hello"))

The public names are loaded on first use, so that importing a part (``hershy.watcher``, ``hershy.client``) does
not load the whole; so are the modules ``hershy.errors`` and ``hershy.asgi``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import asgi as asgi
    from . import errors as errors
    from .access.principals import Authentication, Principal
    from .builds.spec import BuildSpec, PathLike
    from .client import (
        AsyncClient,
        AsyncProgramHandle,
        BlockingProgramHandle,
        BuildLineEvent,
        BulkResult,
        Client,
        CreatedProgram,
        DeletedEvent,
        DeployOptions,
        ExitInfo,
        JournalInfo,
        LogOptions,
        LogsInfo,
        LostEvent,
        NewProgram,
        ProgramCriteria,
        ProgramInfo,
        ProgramSource,
        ProxyInfo,
        RiskInfo,
        RunOptions,
        StateEvent,
        StatsInfo,
        Transition,
        Wait,
        WaitStep,
    )
    from .core.endpoint import Endpoint
    from .core.exits import ExitKind, ExitReason
    from .core.ids import BuildID, ContainerID, ImageID, ProgramID, PublishPort, UserID
    from .core.resources import ResourceLimits
    from .errors import HershyError
    from .programs.application.answers import ProgramLogs, ProgramStats
    from .programs.application.bulk import BulkOutcome
    from .programs.application.event_feed import BuildProgress
    from .programs.application.host import Host
    from .programs.application.requests import ProgramRequest
    from .programs.application.running_program import RunningProgram
    from .programs.domain.answers import MessageReceipt, ProgramAnswer, RequestParts
    from .programs.domain.egress import Egress
    from .programs.domain.health import HealthCheck
    from .programs.domain.journal import JournalEntry
    from .programs.domain.program import DesiredState, Program, ProgramOptions
    from .programs.domain.restart import RestartHistory, RestartMode, RestartPolicy
    from .programs.domain.state import ProgramState
    from .programs.ports.event_bus import BuildLine, EventsLost, Happened, ProgramDeleted, Published
    from .programs.ports.proxy import (
        ProxyRequest,
        ProxyResponse,
        ProxyRoute,
        ProxyWebSocket,
        ResponseBody,
        WebSocketClosed,
    )
    from .programs.ports.repository import ProgramFilter
    from .programs.ports.runtime import ContainerStats, LogLine, LogQuery, LogStream
    from .sandbox.application.service import SandboxService
    from .sandbox.domain.job import SandboxJob, SandboxLimits
    from .sandbox.domain.result import Outcome, PythonError, SandboxResult
    from .sandbox.domain.risk import LintFinding, Reason, RiskReport, Verdict
    from .wiring import HostContainer, Settings, connect, open_host, open_sandbox, open_server, run_code

_NAMES = {
    "access.principals": "Authentication Principal",
    "builds.spec": "BuildSpec PathLike",
    "client": (
        "AsyncClient AsyncProgramHandle BlockingProgramHandle BuildLineEvent BulkResult Client CreatedProgram "
        "DeletedEvent DeployOptions ExitInfo JournalInfo LogOptions LogsInfo LostEvent NewProgram ProgramCriteria "
        "ProgramInfo ProgramSource ProxyInfo RiskInfo RunOptions StateEvent StatsInfo Transition Wait WaitStep"
    ),
    "core.endpoint": "Endpoint",
    "core.exits": "ExitKind ExitReason",
    "core.ids": "BuildID ContainerID ImageID ProgramID PublishPort UserID",
    "core.resources": "ResourceLimits",
    "errors": "HershyError",
    "programs.application.answers": "ProgramLogs ProgramStats",
    "programs.application.bulk": "BulkOutcome",
    "programs.application.event_feed": "BuildProgress",
    "programs.application.host": "Host",
    "programs.application.requests": "ProgramRequest",
    "programs.application.running_program": "RunningProgram",
    "programs.domain.answers": "MessageReceipt ProgramAnswer RequestParts",
    "programs.domain.egress": "Egress",
    "programs.domain.health": "HealthCheck",
    "programs.domain.journal": "JournalEntry",
    "programs.domain.program": "DesiredState Program ProgramOptions",
    "programs.domain.restart": "RestartHistory RestartMode RestartPolicy",
    "programs.domain.state": "ProgramState",
    "programs.ports.event_bus": "BuildLine EventsLost Happened ProgramDeleted Published",
    "programs.ports.proxy": "ProxyRequest ProxyResponse ProxyRoute ProxyWebSocket ResponseBody WebSocketClosed",
    "programs.ports.repository": "ProgramFilter",
    "programs.ports.runtime": "ContainerStats LogLine LogQuery LogStream",
    "sandbox.application.service": "SandboxService",
    "sandbox.domain.job": "SandboxJob SandboxLimits",
    "sandbox.domain.result": "Outcome PythonError SandboxResult",
    "sandbox.domain.risk": "LintFinding Reason RiskReport Verdict",
    "wiring": "HostContainer Settings connect open_host open_sandbox open_server run_code",
}
"""The public names of each module."""

_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}
_MODULES = ("asgi", "errors")

__all__ = [
    "AsyncClient",
    "AsyncProgramHandle",
    "Authentication",
    "BlockingProgramHandle",
    "BuildID",
    "BuildLine",
    "BuildLineEvent",
    "BuildProgress",
    "BuildSpec",
    "BulkOutcome",
    "BulkResult",
    "Client",
    "ContainerID",
    "ContainerStats",
    "CreatedProgram",
    "DeletedEvent",
    "DeployOptions",
    "DesiredState",
    "Egress",
    "Endpoint",
    "EventsLost",
    "ExitInfo",
    "ExitKind",
    "ExitReason",
    "Happened",
    "HealthCheck",
    "HershyError",
    "Host",
    "HostContainer",
    "ImageID",
    "JournalEntry",
    "JournalInfo",
    "LintFinding",
    "LogLine",
    "LogOptions",
    "LogQuery",
    "LogStream",
    "LogsInfo",
    "LostEvent",
    "MessageReceipt",
    "NewProgram",
    "Outcome",
    "PathLike",
    "Principal",
    "Program",
    "ProgramAnswer",
    "ProgramCriteria",
    "ProgramDeleted",
    "ProgramFilter",
    "ProgramID",
    "ProgramInfo",
    "ProgramLogs",
    "ProgramOptions",
    "ProgramRequest",
    "ProgramSource",
    "ProgramState",
    "ProgramStats",
    "ProxyInfo",
    "ProxyRequest",
    "ProxyResponse",
    "ProxyRoute",
    "ProxyWebSocket",
    "PublishPort",
    "Published",
    "PythonError",
    "Reason",
    "RequestParts",
    "ResourceLimits",
    "ResponseBody",
    "RestartHistory",
    "RestartMode",
    "RestartPolicy",
    "RiskInfo",
    "RiskReport",
    "RunOptions",
    "RunningProgram",
    "SandboxJob",
    "SandboxLimits",
    "SandboxResult",
    "SandboxService",
    "Settings",
    "StateEvent",
    "StatsInfo",
    "Transition",
    "UserID",
    "Verdict",
    "Wait",
    "WaitStep",
    "WebSocketClosed",
    "connect",
    "open_host",
    "open_sandbox",
    "open_server",
    "run_code",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
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
    return sorted([*__all__, *_MODULES])
