"""What all trades together came to, kept in constant space however many there are."""

from dataclasses import dataclass, field
from decimal import Decimal

from .portfolio import Fill
from .strategy import Reason, Side


@dataclass(slots=True)
class Statistics:
    """Counts and sums. A win is a sale above its average cost; a drawdown is a part of the highest value before it."""

    buys: int = 0
    sells: int = 0
    wins: int = 0
    losses: int = 0
    volume: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)
    best: Decimal | None = None
    worst: Decimal | None = None
    by_reason: dict[str, int] = field(default_factory=lambda: {reason.value: 0 for reason in Reason})
    by_symbol: dict[str, int] = field(default_factory=dict)
    peak: Decimal = Decimal(0)
    drawdown: Decimal = Decimal(0)

    @property
    def trades(self) -> int:
        return self.buys + self.sells

    @property
    def win_rate(self) -> Decimal | None:
        """The part of the sales that won; None before the first."""
        return Decimal(self.wins) / self.sells if self.sells else None

    def count(self, fill: Fill, reason: Reason) -> None:
        if fill.side is Side.BUY:
            self.buys += 1
        else:
            self.sells += 1
        self.volume += fill.quantity * fill.price
        self.fees += fill.fee
        self.by_reason[reason.value] += 1
        self.by_symbol[fill.symbol] = self.by_symbol.get(fill.symbol, 0) + 1
        if fill.profit is not None:
            self._count_profit(fill.profit)

    def _count_profit(self, profit: Decimal) -> None:
        self.realized += profit
        if profit > 0:
            self.wins += 1
        else:
            self.losses += 1
        self.best = profit if self.best is None else max(self.best, profit)
        self.worst = profit if self.worst is None else min(self.worst, profit)

    def mark(self, value: Decimal) -> None:
        """Take note of what the portfolio is worth now."""
        self.peak = max(self.peak, value)
        if self.peak:
            self.drawdown = max(self.drawdown, 1 - value / self.peak)
