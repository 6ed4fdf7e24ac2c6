"""hershy runs other people's long-lived programs safely.

The public names are loaded on first use, so that importing a part (``hershy.watcher``, ``hershy.client``) does
not load the whole.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import asgi, client, errors
    from .access.principals import Principal
    from .builds.spec import BuildSpec
    from .client import AsyncClient, AsyncProgramHandle, BlockingProgramHandle, Client
    from .core.clock import Clock
    from .core.ids import BuildID, ContainerID, ImageID, ProgramID, PublishPort, UserID
    from .core.resources import ResourceLimits
    from .errors import HershyError
    from .programs.application.answers import ProgramLogs, ProgramStats
    from .programs.application.bulk import BulkOutcome
    from .programs.application.event_feed import BuildProgress
    from .programs.application.handle import ProgramHandle
    from .programs.application.host import Host
    from .programs.application.metrics import Metrics
    from .programs.application.requests import ProgramRequest
    from .programs.domain.answers import MessageReceipt, ProgramAnswer
    from .programs.domain.egress import Egress
    from .programs.domain.health import HealthCheck
    from .programs.domain.journal import JournalEntry
    from .programs.domain.program import Program, ProgramOptions
    from .programs.domain.restart import RestartMode, RestartPolicy
    from .programs.domain.state import ProgramState
    from .programs.ports.api_server import ApiServer
    from .programs.ports.event_bus import BuildLine, EventsLost, Happened, ProgramDeleted, Published
    from .programs.ports.proxy import ProxyRequest, ProxyResponse, ProxyRoute, ProxyWebSocket
    from .programs.ports.repository import ProgramFilter
    from .programs.ports.runtime import ContainerStats, LogLine, LogQuery, LogStream
    from .sandbox.application.service import SandboxService
    from .sandbox.domain.job import SandboxJob, SandboxLimits
    from .sandbox.domain.result import Outcome, SandboxResult
    from .sandbox.domain.risk import RiskReport
    from .wiring import HostContainer, Settings, open_host, open_sandbox, open_server
    from .wiring.shortcuts import connect, run_code

_HOME = {
    "Metrics": "programs.application.metrics",
    "BuildProgress": "programs.application.event_feed",
    "ProgramDeleted": "programs.ports.event_bus",
    "EventsLost": "programs.ports.event_bus",
    "BuildLine": "programs.ports.event_bus",
    "ApiServer": "programs.ports.api_server",
    "AsyncClient": "client",
    "AsyncProgramHandle": "client",
    "BlockingProgramHandle": "client",
    "BuildID": "core.ids",
    "BuildSpec": "builds.spec",
    "BulkOutcome": "programs.application.bulk",
    "Client": "client",
    "Clock": "core.clock",
    "ContainerID": "core.ids",
    "ContainerStats": "programs.ports.runtime",
    "Egress": "programs.domain.egress",
    "Happened": "programs.ports.event_bus",
    "HealthCheck": "programs.domain.health",
    "HershyError": "errors",
    "Host": "programs.application.host",
    "HostContainer": "wiring",
    "ImageID": "core.ids",
    "JournalEntry": "programs.domain.journal",
    "LogLine": "programs.ports.runtime",
    "LogQuery": "programs.ports.runtime",
    "LogStream": "programs.ports.runtime",
    "MessageReceipt": "programs.domain.answers",
    "Outcome": "sandbox.domain.result",
    "Principal": "access.principals",
    "Program": "programs.domain.program",
    "ProgramAnswer": "programs.domain.answers",
    "ProgramFilter": "programs.ports.repository",
    "ProgramHandle": "programs.application.handle",
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
    "ResourceLimits": "core.resources",
    "RestartMode": "programs.domain.restart",
    "RestartPolicy": "programs.domain.restart",
    "RiskReport": "sandbox.domain.risk",
    "SandboxJob": "sandbox.domain.job",
    "SandboxLimits": "sandbox.domain.job",
    "SandboxResult": "sandbox.domain.result",
    "SandboxService": "sandbox.application.service",
    "Settings": "wiring",
    "UserID": "core.ids",
    "connect": "wiring.shortcuts",
    "open_host": "wiring",
    "open_sandbox": "wiring",
    "open_server": "wiring",
    "run_code": "wiring.shortcuts",
}

_MODULES = frozenset({"asgi", "client", "errors"})
"""Loaded on first use too: ``hershy.errors.ProgramFailed`` takes no import of its own."""

__all__ = [
    "ApiServer",
    "AsyncClient",
    "AsyncProgramHandle",
    "BlockingProgramHandle",
    "BuildID",
    "BuildLine",
    "BuildProgress",
    "BuildSpec",
    "BulkOutcome",
    "Client",
    "Clock",
    "ContainerID",
    "ContainerStats",
    "Egress",
    "EventsLost",
    "Happened",
    "HealthCheck",
    "HershyError",
    "Host",
    "HostContainer",
    "ImageID",
    "JournalEntry",
    "LogLine",
    "LogQuery",
    "LogStream",
    "MessageReceipt",
    "Metrics",
    "Outcome",
    "Principal",
    "Program",
    "ProgramAnswer",
    "ProgramDeleted",
    "ProgramFilter",
    "ProgramHandle",
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
    "ResourceLimits",
    "RestartMode",
    "RestartPolicy",
    "RiskReport",
    "SandboxJob",
    "SandboxLimits",
    "SandboxResult",
    "SandboxService",
    "Settings",
    "UserID",
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
    return sorted({*__all__, *_MODULES})
