"""The ports of hershy: the name of each in settings and container, its abstract class, and its entry point group."""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Port:
    """Adapters named in the entry point group ``group`` are instances of ``type``."""

    type: type[Any]
    group: str


PORTS: Mapping[str, Port] = {
    "clock": Port(Clock, "hershy.clocks"),
    "event_bus": Port(EventBus, "hershy.event_buses"),
    "storage": Port(Storage, "hershy.storages"),
    "repository": Port(Repository, "hershy.repositories"),
    "token_store": Port(TokenStore, "hershy.token_stores"),
    "builder": Port(Builder, "hershy.builders"),
    "runtime": Port(Runtime, "hershy.runtimes"),
    "proxy": Port(Proxy, "hershy.proxies"),
    "api_server": Port(ApiServer, "hershy.api_servers"),
    "sandbox": Port(Sandbox, "hershy.sandboxes"),
    "code_analyzer": Port(CodeAnalyzer, "hershy.code_analyzers"),
}
