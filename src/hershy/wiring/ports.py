"""The ports that are wired."""

from typing import Any

from hershy.access.token_store import TokenStore
from hershy.builds.builder import Builder
from hershy.core.clock import Clock
from hershy.programs.ports.api_server import ApiServer
from hershy.programs.ports.event_bus import EventBus
from hershy.programs.ports.proxy import Proxy
from hershy.programs.ports.repository import Repository
from hershy.programs.ports.runtime import Runtime
from hershy.programs.ports.storage import Storage
from hershy.sandbox.ports.code_analyzer import CodeAnalyzer
from hershy.sandbox.ports.sandbox import Sandbox

PORTS: dict[str, type[Any]] = {
    "clock": Clock,
    "event_bus": EventBus,
    "storage": Storage,
    "repository": Repository,
    "token_store": TokenStore,
    "builder": Builder,
    "runtime": Runtime,
    "proxy": Proxy,
    "api_server": ApiServer,
    "sandbox": Sandbox,
    "code_analyzer": CodeAnalyzer,
}
"""The port that each provider of an adapter serves."""
