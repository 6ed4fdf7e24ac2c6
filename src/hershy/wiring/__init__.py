"""Wiring: settings, discovery of adapters, and the container that puts a Host together."""

from .connecting import connect
from .container import HostContainer
from .opening import diagnose, open_host, open_sandbox, open_server, open_tokens
from .running_code import run_code
from .settings import Settings

__all__ = [
    "HostContainer",
    "Settings",
    "connect",
    "diagnose",
    "open_host",
    "open_sandbox",
    "open_server",
    "open_tokens",
    "run_code",
]
