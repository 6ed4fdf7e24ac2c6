"""A market that never was: a random walk which its seed decides entirely."""

import math
import random
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from .market import Market, Outage, Quote, Sleep
from .money import dollars

FIRST_PRICES = {"BTC": Decimal(64000), "ETH": Decimal(3200)}
START = datetime(2025, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=5)
WAVE_STEPS = 360
WAVE = 0.0002
NOISE = {"BTC": 0.0004, "ETH": 0.0006}
PULL = 0.00001


class GeneratedMarket(Market):
    """One quote of each symbol every five seconds of market time, which passes ``speed`` times as fast as real time.

    Its time always begins at ``START``, and a price depends on nothing but the seed, the symbol and that time. With
    ``resume``, the last quotes that were heard, the walk goes on as if it had never been interrupted.
    """

    def __init__(self, *, seed: int, speed: float, sleep: Sleep, resume: Mapping[str, Quote] | None = None) -> None:
        self._seed, self._sleep = seed, sleep
        self._pause_s = STEP.total_seconds() / speed
        self._resume = dict(resume or {})

    async def quotes(self, symbol: str) -> AsyncIterator[Quote | Outage]:
        quote = self._resume.get(symbol) or Quote(symbol, FIRST_PRICES[symbol], START)
        yield quote
        while True:
            await self._sleep(self._pause_s)
            at = quote.at + STEP
            quote = Quote(symbol, dollars(quote.price * self._factor(quote, at)), at)
            yield quote

    def _factor(self, before: Quote, at: datetime) -> Decimal:
        """By how much the price changes in this step.

        A slow wave, so that there are trends; noise; and a weak pull to the first price, so that years of it do not
        end at nothing.
        """
        symbol = before.symbol
        step = (at - START) // STEP
        # A generator of its own for each step: the walk can begin anywhere without walking there first.
        noise = random.Random(f"{self._seed}/{symbol}/{step}").gauss(0, NOISE[symbol])
        wave = WAVE * math.sin(2 * math.pi * step / WAVE_STEPS)
        pull = PULL * math.log(before.price / FIRST_PRICES[symbol])
        return Decimal(repr(math.exp(wave + noise - pull)))
