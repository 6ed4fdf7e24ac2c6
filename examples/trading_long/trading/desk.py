"""The trading desk: hears quotes, lets the strategy decide, trades, and keeps the books. No I/O, no clock."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from .bars import Bars
from .feed import Feed
from .market import SYMBOLS, Quote
from .portfolio import Fill, Portfolio
from .statistics import Statistics
from .strategy import Order, Reason, Rules, Side, decide, deviations

INITIAL_CASH = Decimal("10000.00")
REBALANCE_EVERY = timedelta(hours=1)
PRICES_LAST = timedelta(minutes=5)
MOST_TRADES = 1000
RULES = Rules(targets={"BTC": Decimal("0.40"), "ETH": Decimal("0.30")})


@dataclass(frozen=True, slots=True)
class Trade:
    """A fill with its number (from 1), its market time and its reason."""

    number: int
    at: datetime
    fill: Fill
    reason: Reason


class Desk:
    """All time here is market time, as quotes bring it: the same quotes always make the same trades.

    Strategies act when a bar closes; the portfolio is rebalanced once all prices are known, and then every hour, unless
    one of them is more than five minutes older than the newest: it waits for that one. While paused it goes on
    listening, and trades only when told to ``rebalance``. Of the trades the last 1 000 are kept.
    """

    def __init__(self, rules: Rules = RULES) -> None:
        self.rules = rules
        self.portfolio = Portfolio(INITIAL_CASH)
        self.statistics = Statistics()
        self.trades: deque[Trade] = deque(maxlen=MOST_TRADES)
        self.quotes: dict[str, Quote] = {}
        self.bars = {symbol: Bars() for symbol in SYMBOLS}
        self.feed = Feed(self.bars.keys())
        self.paused = False
        self.rebalanced_at: datetime | None = None

    @property
    def now(self) -> datetime | None:
        """The time of the newest quote."""
        return max((quote.at for quote in self.quotes.values()), default=None)

    @property
    def value(self) -> Decimal:
        """Cash and everything held at the last prices, in dollars."""
        return self.portfolio.cash + sum(self.values().values(), Decimal(0))

    def values(self) -> dict[str, Decimal]:
        """What is held of each symbol whose price is known, in dollars."""
        return {symbol: self.portfolio.value_of(symbol, quote.price) for symbol, quote in self.quotes.items()}

    def unknown(self) -> Sequence[str]:
        """The symbols without a price, or with one that is too old to trade at."""
        return [
            symbol
            for symbol in self.bars
            if self.now is None or symbol not in self.quotes or self.now - self.quotes[symbol].at > PRICES_LAST
        ]

    def on_quote(self, quote: Quote) -> Sequence[Trade]:
        """Hear a quote; returns the trades that it led to. One that is older than the last is ignored."""
        self.feed.heard(quote.symbol)
        last = self.quotes.get(quote.symbol)
        if last is not None and quote.at < last.at:
            return []
        self.quotes[quote.symbol] = quote
        closed = self.bars[quote.symbol].add(quote)
        self.statistics.mark(self.value)
        if self.paused:
            return []
        trades = []
        if closed:
            trades += self._carry_out(decide(quote.symbol, self.bars[quote.symbol].closes, self.rules), quote.at)
        if self._rebalance_is_due(quote.at):
            trades += self.rebalance()
        return trades

    def rebalance(self) -> Sequence[Trade]:
        """Bring every holding to its target, sales first, as they pay for what is bought.

        Does nothing while a price is ``unknown``.
        """
        now = self.now
        if now is None or self.unknown():
            return []
        self.rebalanced_at = now
        missing = deviations(self.values(), self.value, self.rules)
        trades = []
        for symbol, amount in sorted(missing.items(), key=lambda item: item[1]):
            trade = self.portfolio.buy if amount > 0 else self.portfolio.sell
            trades += self._book(trade(symbol, abs(amount), self.quotes[symbol].price), Reason.REBALANCE, now)
        return trades

    def _rebalance_is_due(self, at: datetime) -> bool:
        return self.rebalanced_at is None or at - self.rebalanced_at >= REBALANCE_EVERY

    def _carry_out(self, orders: Sequence[Order], at: datetime) -> list[Trade]:
        trades = []
        for order in orders:
            price = self.quotes[order.symbol].price
            if order.side is Side.BUY:
                fill = self.portfolio.buy(order.symbol, self.portfolio.cash * order.part, price)
            else:
                fill = self.portfolio.sell(
                    order.symbol, self.portfolio.value_of(order.symbol, price) * order.part, price
                )
            trades += self._book(fill, order.reason, at)
        return trades

    def _book(self, fill: Fill | None, reason: Reason, at: datetime) -> list[Trade]:
        if fill is None:
            return []
        self.statistics.count(fill, reason)
        trade = Trade(self.statistics.trades, at, fill, reason)
        self.trades.append(trade)
        return [trade]
