"""Averages, crosses, volatility and rebalancing, decided from prices alone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trading.bars import MOST_CLOSES, Bars
from trading.desk import RULES
from trading.market import Quote
from trading.strategy import Order, Reason, Side, average, crossing, decide, deviations, stretch, volatility

START = datetime(2025, 1, 1, tzinfo=UTC)


def prices(*values: float) -> list[Decimal]:
    return [Decimal(str(value)) for value in values]


def quote(seconds: float, price: float) -> Quote:
    return Quote("BTC", Decimal(str(price)), START + timedelta(seconds=seconds))


def test_an_average_needs_as_many_closes_as_it_has_in_its_name() -> None:
    """Unknown before, the mean of the last ones from then on."""
    assert average(prices(1, 2, 3, 4), 5) is None
    assert average(prices(100, 1, 2, 3, 4, 5), 5) == 3


def test_a_rise_after_a_fall_is_a_cross_upwards() -> None:
    """The short average comes from below; exactly one close says so."""
    closes = prices(*range(120, 100, -1), *range(101, 130, 2))
    crosses = [crossing(closes[:end]) for end in range(len(closes) + 1)]
    assert [side for side in crosses if side] == [Side.BUY]


def test_a_fall_after_a_rise_is_a_cross_downwards() -> None:
    """And the other way round."""
    closes = prices(*range(100, 120), *range(119, 90, -2))
    assert [side for end in range(len(closes) + 1) if (side := crossing(closes[:end]))] == [Side.SELL]


def test_no_cross_without_a_history() -> None:
    """Fifteen closes make an average, sixteen a crossing."""
    assert crossing(prices(*[100] * 14, 200)) is None
    assert crossing(prices(*[100] * 15, 200)) is Side.BUY
    assert crossing(prices(*[100] * 15, 50)) is Side.SELL


def test_to_touch_is_not_to_cross() -> None:
    """A short average that meets the long one and turns round has crossed nothing; one that goes through has, once."""
    touched = prices(*[100] * 10, *[110] * 9, 85)
    leads = [average(touched[:end], 5) - average(touched[:end], 15) for end in (19, 20)]  # type: ignore[operator]
    assert leads == [4, 0]
    assert crossing(touched) is None
    assert crossing([*touched, Decimal(200)]) is None
    assert crossing([*touched, Decimal(1)]) is Side.SELL
    assert crossing([*touched, Decimal(1), Decimal(1)]) is None


@given(st.lists(st.integers(1, 20), min_size=16, max_size=40))
def test_crossings_are_those_of_five_over_fifteen(closes: list[int]) -> None:
    """Told apart exactly, as a reader of the rule would: three times the last five against the last fifteen."""
    leads = [3 * sum(closes[end - 5 : end]) - sum(closes[end - 15 : end]) for end in range(15, len(closes) + 1)]
    *earlier, now = leads
    before = [lead for lead in earlier if lead][-1:] or [0]
    expected = Side.BUY if before[0] <= 0 < now else Side.SELL if before[0] >= 0 > now else None
    assert crossing([Decimal(close) for close in closes]) is expected


def test_constant_prices_lead_to_nothing() -> None:
    """No crossing, no volatility, no division by it."""
    closes = prices(*[100] * 30)
    assert (volatility(closes), stretch(closes), decide("BTC", closes, RULES)) == (0, 0, [])


@pytest.mark.parametrize(("last", "side"), [(90, Side.BUY), (110, Side.SELL)])
def test_a_stretched_price_in_a_volatile_market_is_leaned_against(last: int, side: Side) -> None:
    """Bought far below the average, sold far above, for the part that the rules say."""
    orders = decide("ETH", prices(*[100, 101] * 10, last), RULES)
    assert Order("ETH", side, RULES.volatility_trades, Reason.VOLATILITY) in orders


def test_a_stretched_price_in_a_calm_market_is_left_alone() -> None:
    """Below the threshold of volatility nothing is leaned against."""
    orders = decide("ETH", prices(*[100, 100.001] * 10, 100.05), RULES)
    assert [order for order in orders if order.reason is Reason.VOLATILITY] == []


def test_rebalancing_is_for_what_is_off_its_target() -> None:
    """Dollars missing or too many, and nothing within the tolerance."""
    whole = Decimal(10000)
    off = deviations({"BTC": Decimal(3000), "ETH": Decimal(3500)}, whole, RULES)
    assert off == {"BTC": 1000, "ETH": -500}
    assert deviations({"BTC": Decimal(3900), "ETH": Decimal(3100)}, whole, RULES) == {}


@given(st.lists(st.decimals("0.01", "1000000", places=2), max_size=40))
def test_no_prices_can_break_the_strategy(closes: Sequence[Decimal]) -> None:
    """Whatever the market does, at most one order for each of the two reasons."""
    orders = decide("BTC", closes, RULES)
    assert len({order.reason for order in orders}) == len(orders) <= 2


def test_a_bar_closes_with_the_first_quote_of_the_next_minute() -> None:
    """Its close is the last price before."""
    bars = Bars()
    assert [bars.add(quote(*it)) for it in [(0, 1), (59, 2), (60, 3), (61, 4), (130, 5)]] == [
        False,
        False,
        True,
        False,
        True,
    ]
    assert bars.closes == (2, 4)


def test_an_outage_makes_no_bars_of_its_own() -> None:
    """An hour of silence is one close, not sixty."""
    bars = Bars()
    for it in [(0, 1), (3600, 2), (3660, 3)]:
        bars.add(quote(*it))
    assert bars.closes == (1, 2)


def test_late_quotes_do_not_move_time_back() -> None:
    """They change nothing."""
    bars = Bars()
    bars.add(quote(61, 1))
    assert not bars.add(quote(10, 9))
    bars.add(quote(120, 2))
    assert bars.closes == (1,)


def test_bars_are_bounded() -> None:
    """Only as many closes are kept as anybody looks at."""
    bars = Bars()
    for minute in range(MOST_CLOSES + 10):
        bars.add(quote(60 * minute, minute + 1))
    assert len(bars.closes) == MOST_CLOSES
    assert bars.closes[-1] == MOST_CLOSES + 9
