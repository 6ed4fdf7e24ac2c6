"""Cash and coins, and what a trade does to them."""

from dataclasses import dataclass, field
from decimal import Decimal

from .money import dollars, quantity
from .strategy import Side

FEE_RATE = Decimal("0.001")
SMALLEST_TRADE = Decimal(10)


@dataclass(frozen=True, slots=True)
class Fill:
    """An executed trade. ``profit`` is what a sale brought above the average cost of what was sold, fees deducted."""

    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    profit: Decimal | None


@dataclass(slots=True)
class Holding:
    """What is held of one symbol, and what all of it has cost, fees included."""

    quantity: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)


@dataclass(slots=True)
class Portfolio:
    """Never in debt, never short: a trade is cut down to what can be paid for or is held, or does not happen."""

    cash: Decimal
    holdings: dict[str, Holding] = field(default_factory=dict)

    def buy(self, symbol: str, amount: Decimal, price: Decimal) -> Fill | None:
        """Spend at most ``amount`` dollars, fee included; None below the smallest trade."""
        amount = min(amount, self.cash)
        if amount < SMALLEST_TRADE:
            return None
        bought = quantity(amount / (1 + FEE_RATE) / price)
        paid = dollars(bought * price)
        fee = min(dollars(paid * FEE_RATE), self.cash - paid)
        holding = self.holdings.setdefault(symbol, Holding())
        self.cash -= paid + fee
        holding.quantity += bought
        holding.cost += paid + fee
        return Fill(symbol, Side.BUY, bought, price, fee, None)

    def sell(self, symbol: str, amount: Decimal, price: Decimal) -> Fill | None:
        """Sell for about ``amount`` dollars, at most what is held; None below the smallest trade."""
        holding = self.holdings.setdefault(symbol, Holding())
        sold = min(quantity(amount / price), holding.quantity)
        received = dollars(sold * price)
        if received < SMALLEST_TRADE:
            return None
        fee = dollars(received * FEE_RATE)
        cost = holding.cost if sold == holding.quantity else dollars(holding.cost * sold / holding.quantity)
        self.cash += received - fee
        holding.quantity -= sold
        holding.cost -= cost
        return Fill(symbol, Side.SELL, sold, price, fee, received - fee - cost)

    def value_of(self, symbol: str, price: Decimal) -> Decimal:
        holding = self.holdings.get(symbol)
        return dollars(holding.quantity * price) if holding else Decimal(0)

    def held(self, symbol: str) -> Holding:
        return self.holdings.get(symbol, Holding())
