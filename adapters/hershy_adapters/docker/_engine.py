"""The connection to the Docker Engine that builder and runtime of one Host share."""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import aiodocker
import aiohttp

from hershy.core.adapter import AdapterContext

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 60.0
"""How long the engine may be silent on an ordinary call; builds, waits and log streams set their own."""

DEFAULT_DOCKER_HOST = "unix:///var/run/docker.sock"
_UNIX = "unix://"
_SOCKET_URL = "unix://localhost"


class Engine:
    """Opens its client on first use, inside the running event loop. ``host`` is what DOCKER_HOST would say."""

    def __init__(self, host: str = "") -> None:
        self.host = host or os.environ.get("DOCKER_HOST") or DEFAULT_DOCKER_HOST
        self._client: aiodocker.Docker | None = None
        self._streams: set[aiohttp.ClientResponse] = set()

    @classmethod
    def of(cls, context: AdapterContext) -> "Engine":
        """The one engine of this Host; its address is the adapter option ``docker_host``."""
        return context.shared("docker.engine", lambda: cls(context.option("docker_host", "")))

    @property
    def client(self) -> aiodocker.Docker:
        if self._client is None:
            timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_S, sock_read=ANSWER_TIMEOUT_S)
            # With a connector of ours, aiodocker takes the address for the URL that requests are made to.
            url = _SOCKET_URL if self.host.startswith(_UNIX) else self.host
            self._client = aiodocker.Docker(url=url, connector=self._connector(), timeout=timeout)
        return self._client

    @asynccontextmanager
    async def stream(
        self, path: str, parameters: Mapping[str, str], answer_s: float, silence_s: float | None
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        """An answer to be read as it comes: it begins within ``answer_s`` and is never silent for ``silence_s``.

        Reading it fails, instead of waiting for ever, once this engine has been closed.
        """
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_S, sock_read=silence_s)
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(answer_s):
                # aiodocker's own streams end quietly, or leave out which stream a line of output belongs to.
                query = self.client._query(path, params=dict(parameters), timeout=timeout)
                response = await stack.enter_async_context(query)
            self._streams.add(response)
            stack.callback(self._streams.discard, response)
            stack.callback(response.close)
            yield response

    def _connector(self) -> aiohttp.BaseConnector | None:
        # Every running program holds one connection (the wait for its exit), so the pool has no limit;
        # their number is bounded by the publish ports.
        if self.host.startswith(_UNIX):
            return aiohttp.UnixConnector(self.host.removeprefix(_UNIX), limit=0)
        if os.environ.get("DOCKER_TLS_VERIFY", "0") == "1":
            return None  # aiodocker's own, with the client's certificates
        return aiohttp.TCPConnector(limit=0)

    async def aclose(self) -> None:
        """Idempotent; a later use opens a new connection."""
        for response in self._streams:
            response.close()
        client, self._client = self._client, None
        if client is not None:
            connector = client.connector
            await client.close()
            await connector.close()
