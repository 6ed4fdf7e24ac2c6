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
    from .builds.spec import BuildSpec
    from .client import AsyncClient, AsyncProgramHandle, BlockingProgramHandle, Client
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

_HOME = {
    "AsyncClient": "client",
    "AsyncProgramHandle": "client",
    "BlockingProgramHandle": "client",
    "Authentication": "access.principals",
    "BuildID": "core.ids",
    "BuildLine": "programs.ports.event_bus",
    "BuildProgress": "programs.application.event_feed",
    "BuildSpec": "builds.spec",
    "BulkOutcome": "programs.application.bulk",
    "Client": "client",
    "ContainerID": "core.ids",
    "ContainerStats": "programs.ports.runtime",
    "DesiredState": "programs.domain.program",
    "Egress": "programs.domain.egress",
    "EventsLost": "programs.ports.event_bus",
    "Endpoint": "core.endpoint",
    "ExitKind": "core.exits",
    "ExitReason": "core.exits",
    "Happened": "programs.ports.event_bus",
    "HealthCheck": "programs.domain.health",
    "HershyError": "errors",
    "Host": "programs.application.host",
    "HostContainer": "wiring",
    "ImageID": "core.ids",
    "JournalEntry": "programs.domain.journal",
    "LintFinding": "sandbox.domain.risk",
    "LogLine": "programs.ports.runtime",
    "LogQuery": "programs.ports.runtime",
    "LogStream": "programs.ports.runtime",
    "Outcome": "sandbox.domain.result",
    "Principal": "access.principals",
    "Program": "programs.domain.program",
    "ProgramDeleted": "programs.ports.event_bus",
    "ProgramFilter": "programs.ports.repository",
    "ProgramID": "core.ids",
    "ProgramLogs": "programs.application.answers",
    "ProgramOptions": "programs.domain.program",
    "ProgramRequest": "programs.application.requests",
    "ProgramState": "programs.domain.state",
    "ProgramStats": "programs.application.answers",
    "ProxyRequest": "programs.ports.proxy",
    "ProxyResponse": "programs.ports.proxy",
    "ProxyRoute": "programs.ports.proxy",
    "ProxyWebSocket": "programs.ports.proxy",
    "PublishPort": "core.ids",
    "Published": "programs.ports.event_bus",
    "PythonError": "sandbox.domain.result",
    "Reason": "sandbox.domain.risk",
    "ResourceLimits": "core.resources",
    "ResponseBody": "programs.ports.proxy",
    "RestartHistory": "programs.domain.restart",
    "RestartMode": "programs.domain.restart",
    "RestartPolicy": "programs.domain.restart",
    "RiskReport": "sandbox.domain.risk",
    "RunningProgram": "programs.application.running_program",
    "SandboxJob": "sandbox.domain.job",
    "SandboxLimits": "sandbox.domain.job",
    "SandboxResult": "sandbox.domain.result",
    "SandboxService": "sandbox.application.service",
    "Settings": "wiring",
    "UserID": "core.ids",
    "connect": "wiring",
    "Verdict": "sandbox.domain.risk",
    "WebSocketClosed": "programs.ports.proxy",
    "open_host": "wiring",
    "open_sandbox": "wiring",
    "open_server": "wiring",
    "run_code": "wiring",
}
_MODULES = ("asgi", "errors")

__all__ = [
    "AsyncClient",
    "AsyncProgramHandle",
    "Authentication",
    "BlockingProgramHandle",
    "BuildID",
    "BuildLine",
    "BuildProgress",
    "BuildSpec",
    "BulkOutcome",
    "Client",
    "ContainerID",
    "ContainerStats",
    "DesiredState",
    "Egress",
    "Endpoint",
    "EventsLost",
    "ExitKind",
    "ExitReason",
    "Happened",
    "HealthCheck",
    "HershyError",
    "Host",
    "HostContainer",
    "ImageID",
    "JournalEntry",
    "LintFinding",
    "LogLine",
    "LogQuery",
    "LogStream",
    "Outcome",
    "Principal",
    "Program",
    "ProgramDeleted",
    "ProgramFilter",
    "ProgramID",
    "ProgramLogs",
    "ProgramOptions",
    "ProgramRequest",
    "ProgramState",
    "ProgramStats",
    "ProxyRequest",
    "ProxyResponse",
    "ProxyRoute",
    "ProxyWebSocket",
    "PublishPort",
    "Published",
    "PythonError",
    "Reason",
    "ResourceLimits",
    "ResponseBody",
    "RestartHistory",
    "RestartMode",
    "RestartPolicy",
    "RiskReport",
    "RunningProgram",
    "SandboxJob",
    "SandboxLimits",
    "SandboxResult",
    "SandboxService",
    "Settings",
    "UserID",
    "Verdict",
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
