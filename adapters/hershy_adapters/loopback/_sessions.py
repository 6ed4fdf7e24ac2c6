"""The HTTP client's sessions: nothing is remembered, followed, unpacked or added on the way."""

import aiohttp
from yarl import URL

from hershy.core.endpoint import Endpoint

from ._connector import Connector

CONNECT_TIMEOUT_S = 5.0
IDLE_CONNECTION_S = 1.5
"""Below the keep-alive of common servers (2 s and more), so that they rarely close a connection just being reused."""
MAX_HEADER_BYTES = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ADDED_BY_CLIENT = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Sessions:
    """``http`` keeps connections; ``websocket`` shares them; ``probe`` opens a fresh one each time."""

    def __init__(self) -> None:
        self._connector = Connector(IDLE_CONNECTION_S)
        self.http = _session(self._connector)
        # The client follows redirects of a handshake and has no option against it: a program could send
        # a caller's request, headers and all, to any address the Host reaches.
        self.websocket = _session(self._connector, _refuse_redirect)
        self.probe = _session(aiohttp.TCPConnector(limit=0, force_close=True), owned=True)

    async def aclose(self) -> None:
        try:
            for session in (self.http, self.websocket, self.probe):
                await session.close()
        finally:
            await self._connector.close()


def url_of(endpoint: Endpoint, target: str) -> URL:
    """``target`` is taken as it is, but for a trailing ``?`` without a query, which the client leaves out."""
    path, _, query = target.partition("?")
    return URL.build(scheme="http", host=endpoint.host, port=endpoint.port, path=path, query_string=query, encoded=True)


def _session(
    connector: aiohttp.BaseConnector, *middlewares: aiohttp.ClientMiddlewareType, owned: bool = False
) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        connector_owner=owned,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_ADDED_BY_CLIENT,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        max_line_size=MAX_HEADER_BYTES,
        max_field_size=MAX_HEADER_BYTES,
        middlewares=middlewares,
    )


async def _refuse_redirect(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    response = await handler(request)
    if response.status in _REDIRECTS:
        response.close()
        raise aiohttp.ClientError(f"it answered the WebSocket handshake with a redirect ({response.status})")
    return response
