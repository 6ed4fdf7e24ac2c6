"""ApiServer: serves the Host's HTTP API, an ASGI application, at an address."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 9000
MAX_BODY_BYTES = 16 * 1024 * 1024
"""The largest body of a call, where the operator says nothing."""


class ApiServer(ABC):
    """Serves one application, given to the adapter, from ``start`` to ``aclose``."""

    @abstractmethod
    async def start(self) -> None:
        """Listen and return once requests are answered.

        Raises ConfigurationError when the address cannot be bound, naming it. Starting twice is an error of
        the caller: RuntimeError.
        """

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect, without a trailing slash. Raises RuntimeError before ``start``."""

    @abstractmethod
    async def aclose(self) -> None:
        """Stop listening, let requests under way end within a few seconds, cut the rest. Idempotent."""
