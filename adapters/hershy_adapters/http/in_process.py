"""InMemoryApiServer: the Host API without a socket, for clients in the same process."""

import asyncio
from datetime import timedelta

import httpx

from hershy.core.adapter import AdapterContext
from hershy.core.clock import Clock
from hershy.programs.ports.api_server import ApiServer, ASGIApp
from hershy_adapters._asgi import AsgiTransport

from ._server.wired import wired_app

URL = "http://hershy.memory"
GRACE = timedelta(seconds=3)


def create(context: AdapterContext) -> ApiServer:
    return InMemoryApiServer(wired_app(context, checks_names=False), context.clock)


class InMemoryApiServer(ApiServer):
    """``client()`` talks to it; nobody outside this process can. Not for WebSockets.

    Requests that still run ``GRACE`` (on ``clock``) after ``aclose`` are cut.
    """

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._clock = clock
        self._transport = AsgiTransport(app)
        self._transport.is_listening = False
        self._was_started = False

    async def start(self) -> None:
        if self._was_started:
            raise RuntimeError("the server has been started already")
        self._was_started = self._transport.is_listening = True

    @property
    def url(self) -> str:
        if not self._was_started:
            raise RuntimeError("the server has no address before it is started")
        return URL

    def transport(self) -> httpx.AsyncBaseTransport:
        """For a client of your own: ``httpx.AsyncClient(transport=server.transport(), base_url=server.url)``."""
        return self._transport

    def client(self) -> httpx.AsyncClient:
        """A client of this server, whose timeouts have no effect. Close it after use."""
        return httpx.AsyncClient(transport=self._transport, base_url=self.url)

    async def aclose(self) -> None:
        self._transport.is_listening = False
        exchanges = set(self._transport.exchanges)
        if not exchanges:
            return
        grace = asyncio.ensure_future(self._clock.sleep(GRACE))
        ended = asyncio.ensure_future(asyncio.wait(exchanges))
        await asyncio.wait({grace, ended}, return_when=asyncio.FIRST_COMPLETED)
        grace.cancel()
        for exchange in exchanges:
            exchange.cancel()
        await ended
