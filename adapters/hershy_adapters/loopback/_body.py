"""The body of an answer, as it streams."""

from collections.abc import AsyncIterator

import aiohttp

from hershy.programs.ports.proxy import ResponseBody
from hershy_adapters._proxy_routes import Exchange

from ._errors import translated


class StreamedBody(ResponseBody):
    """The program's answer; the connection goes back to the pool at its end and is dropped when closed before."""

    def __init__(self, exchange: Exchange, response: aiohttp.ClientResponse) -> None:
        self._exchange = exchange
        self._response = response
        exchange.cut_by(response.close)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            with translated(self._exchange.route):
                chunk = await self._response.content.readany()
        except BaseException:
            await self.aclose()
            raise
        if not chunk:
            await self.aclose()
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        self._exchange.end()
        self._response.close()  # does nothing to a connection that has already gone back to the pool
