"""What to do, decided from closing prices alone. Nothing here remembers, waits, reads or writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

SHORT, LONG = 5, 15


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class Reason(StrEnum):
    CROSS = "cross"
    VOLATILITY = "volatility"
    REBALANCE = "rebalance"


@dataclass(frozen=True, slots=True)
class Rules:
    """How bold to be. Buying spends a part of the cash, selling gives a part of what is held."""

    targets: Mapping[str, Decimal]
    """The part of the whole value that each symbol should have; the rest is cash."""
    cross_buys: Decimal = Decimal("0.20")
    cross_sells: Decimal = Decimal("0.25")
    volatility_trades: Decimal = Decimal("0.05")
    volatile_above: Decimal = Decimal("0.001")
    """Standard deviation of one minute's change, as a part of the price, from which prices count as volatile."""
    stretched_from: Decimal = Decimal(2)
    """Standard deviations away from the long average at which a price is expected to come back."""
    tolerance: Decimal = Decimal("0.02")
    """How far from its target, as a part of the whole value, a holding may be without being rebalanced."""


@dataclass(frozen=True, slots=True)
class Order:
    """Buy for ``part`` of the cash, or sell ``part`` of what is held."""

    symbol: str
    side: Side
    part: Decimal
    reason: Reason


def average(closes: Sequence[Decimal], count: int) -> Decimal | None:
    """The mean of the last ``count`` closes; None while there are fewer."""
    if len(closes) < count:
        return None
    return sum(closes[-count:], Decimal(0)) / count


def volatility(closes: Sequence[Decimal]) -> Decimal | None:
    """The standard deviation of the last relative changes, one fewer than ``LONG``; None while there are fewer."""
    if len(closes) < LONG:
        return None
    last = closes[-LONG:]
    return _deviation([after / before - 1 for before, after in pairwise(last)])


def crossing(closes: Sequence[Decimal]) -> Side | None:
    """Buy when the short average has just come above the long one, sell when just below.

    One that has only touched the other has not crossed it, so the side it was on last is what counts.
    """
    now = _lead(closes)
    if not now or len(closes) <= LONG:
        return None
    earlier = (_lead(closes[:end]) for end in range(len(closes) - 1, LONG - 1, -1))
    before = next(filter(None, earlier), Decimal(0))
    if before <= 0 < now:
        return Side.BUY
    if before >= 0 > now:
        return Side.SELL
    return None


def stretch(closes: Sequence[Decimal]) -> Decimal | None:
    """How many standard deviations the last close is above the long average (negative: below)."""
    mean = average(closes, LONG)
    if mean is None:
        return None
    deviation = _deviation(closes[-LONG:])
    return (closes[-1] - mean) / deviation if deviation else Decimal(0)


def decide(symbol: str, closes: Sequence[Decimal], rules: Rules) -> list[Order]:
    """The orders that a new close calls for: follow a trend that begins, lean against a price that is stretched."""
    orders = []
    crossed = crossing(closes)
    if crossed is not None:
        part = rules.cross_buys if crossed is Side.BUY else rules.cross_sells
        orders.append(Order(symbol, crossed, part, Reason.CROSS))
    volatile, stretched = volatility(closes), stretch(closes)
    if volatile is not None and stretched is not None and volatile > rules.volatile_above:
        if stretched <= -rules.stretched_from:
            orders.append(Order(symbol, Side.BUY, rules.volatility_trades, Reason.VOLATILITY))
        elif stretched >= rules.stretched_from:
            orders.append(Order(symbol, Side.SELL, rules.volatility_trades, Reason.VOLATILITY))
    return orders


def deviations(values: Mapping[str, Decimal], whole: Decimal, rules: Rules) -> dict[str, Decimal]:
    """For each symbol that is off its target by more than the tolerance: dollars too few (positive) or too many."""
    missing = {symbol: rules.targets[symbol] * whole - value for symbol, value in values.items()}
    return {symbol: amount for symbol, amount in missing.items() if abs(amount) > rules.tolerance * whole}


def _lead(closes: Sequence[Decimal]) -> Decimal | None:
    short, long = average(closes, SHORT), average(closes, LONG)
    return None if short is None or long is None else short - long


def _deviation(values: Sequence[Decimal]) -> Decimal:
    mean = sum(values, Decimal(0)) / len(values)
    return (sum(((value - mean) ** 2 for value in values), Decimal(0)) / len(values)).sqrt()
