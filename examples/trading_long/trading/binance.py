"""Live prices from Binance's public market data, one WebSocket for each symbol.

Nothing is authenticated and nothing can be bought there: only the mini ticker, one price a second, is listened to.
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from .backoff import Backoff, Chance
from .market import Market, Outage, Quote, Sleep

DEFAULT_URL = "wss://data-stream.binance.vision"
CONNECT_TIMEOUT_S = 10.0
SILENCE_TIMEOUT_S = 30.0
MAX_MESSAGE_BYTES = 64 * 1024


class BinanceMarket(Market):
    """Connects, and connects again after every loss (Binance itself ends a connection after 24 hours).

    Waits between attempts double from ``first_delay_s`` to ``max_delay_s``, each cut by up to a half as ``chance`` has
    it, and start anew once a quote has come. A server that says nothing for ``silence_timeout_s`` counts as lost: a
    price that is not renewed is not a price.
    """

    def __init__(
        self,
        *,
        url: str = DEFAULT_URL,
        first_delay_s: float = 1.0,
        max_delay_s: float = 60.0,
        silence_timeout_s: float = SILENCE_TIMEOUT_S,
        sleep: Sleep,
        chance: Chance = random.random,
    ) -> None:
        # Here, not at the top: the other markets need no WebSocket library. And at once, not at the first quote.
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        self._connect, self._trouble = connect, (OSError, ValueError, WebSocketException)
        self._url = url.rstrip("/")
        self._delays = (first_delay_s, max_delay_s, chance)
        self._silence_timeout_s = silence_timeout_s
        self._sleep = sleep

    async def quotes(self, symbol: str) -> AsyncIterator[Quote | Outage]:
        backoff = Backoff(*self._delays)
        while True:
            stream = self._listen(symbol)
            try:
                async for quote in stream:
                    backoff.reset()
                    yield quote
            except self._trouble as error:
                delay_s = backoff.next_s()
                reason = str(error) or "no answer in time"
                yield Outage(f"{symbol}: {reason}; connecting again in {delay_s:.1f} s")
                await self._sleep(delay_s)
            finally:
                await stream.aclose()

    async def _listen(self, symbol: str) -> AsyncGenerator[Quote, None]:
        url = f"{self._url}/ws/{symbol.lower()}usdt@miniTicker"
        async with self._connect(
            url, open_timeout=CONNECT_TIMEOUT_S, close_timeout=CONNECT_TIMEOUT_S, max_size=MAX_MESSAGE_BYTES
        ) as socket:
            while True:
                async with asyncio.timeout(self._silence_timeout_s):
                    message = await socket.recv()
                yield parse_mini_ticker(message, symbol)


def parse_mini_ticker(message: str | bytes, symbol: str) -> Quote:
    """The quote in a mini ticker: ``E`` is when, in milliseconds since 1970, ``s`` what, ``c`` the last price.

    Raises ValueError for anything else.
    """
    try:
        ticker: Any = json.loads(message)
        if (ticker["e"], ticker["s"]) != ("24hrMiniTicker", f"{symbol}USDT"):
            raise ValueError(f"a message of another kind: {message!r:.80}")
        if not isinstance(ticker["c"], str):
            raise TypeError("a price is a string: a number would have lost digits")
        return Quote(symbol, Decimal(ticker["c"]), datetime.fromtimestamp(ticker["E"] / 1000, UTC))
    except (KeyError, TypeError, InvalidOperation, OverflowError, RecursionError) as error:
        raise ValueError(f"not a mini ticker: {message!r:.80}") from error
