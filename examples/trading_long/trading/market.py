"""The port to a market: where prices come from is nobody else's business."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

SYMBOLS = ("BTC", "ETH")
LEAST_PRICE, MOST_PRICE = Decimal("0.00000001"), Decimal(1_000_000_000)
"""Beyond these a quote is somebody's mistake, and sums would lose their cents."""

Sleep = Callable[[float], Awaitable[object]]
"""Waits that many seconds; given from outside, so that no test waits."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What one unit of ``symbol`` cost, in US dollars, at ``at`` (market time, with a time zone)."""

    symbol: str
    price: Decimal
    at: datetime

    def __post_init__(self) -> None:
        if not (self.price.is_finite() and LEAST_PRICE <= self.price <= MOST_PRICE):
            raise ValueError(f"{self.symbol}: a price is a positive number up to {MOST_PRICE:,}, not {self.price}")
        if self.at.tzinfo is None:
            raise ValueError(f"{self.symbol}: the time of a quote needs a time zone")


@dataclass(frozen=True, slots=True)
class Outage:
    """The market cannot be heard at the moment; quotes follow by themselves when it can be again."""

    reason: str


class Market(ABC):
    """Prices of the symbols, one independent stream each."""

    @abstractmethod
    def quotes(self, symbol: str) -> AsyncIterator[Quote | Outage]:
        """Follow one symbol, in order of time. Trouble on the way is an ``Outage``, not an exception.

        Ends when there will never be another quote; closing or cancelling it releases what it holds.
        """
