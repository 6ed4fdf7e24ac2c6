"""The ports that are wired."""

from typing import Any

from hershy.ports.api_server import ApiServer
from hershy.ports.builder import Builder
from hershy.ports.clock import Clock
from hershy.ports.code_analyzer import CodeAnalyzer
from hershy.ports.event_bus import EventBus
from hershy.ports.proxy import Proxy
from hershy.ports.repository import Repository
from hershy.ports.runtime import Runtime
from hershy.ports.sandbox import Sandbox
from hershy.ports.storage import Storage
from hershy.ports.tokens import Tokens

PORTS: dict[str, type[Any]] = {
    "clock": Clock,
    "event_bus": EventBus,
    "storage": Storage,
    "repository": Repository,
    "token_store": Tokens,
    "builder": Builder,
    "runtime": Runtime,
    "proxy": Proxy,
    "api_server": ApiServer,
    "sandbox": Sandbox,
    "code_analyzer": CodeAnalyzer,
}
"""The port that each provider of an adapter serves."""
