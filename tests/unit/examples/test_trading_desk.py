"""The portfolio's arithmetic, the desk's trades, and what it says when asked."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trading.books import load, save
from trading.commands import COMMANDS, answer
from trading.desk import INITIAL_CASH, MOST_TRADES, Desk
from trading.generated import GeneratedMarket
from trading.market import Quote
from trading.portfolio import FEE_RATE, Portfolio
from trading.strategy import Reason, Side

START = datetime(2025, 1, 1, tzinfo=UTC)
BTC, ETH = Decimal(50000), Decimal(2000)

PORTFOLIO = """\
PORTFOLIO at 2025-01-01 01:00:00
----------------------------------------------------------------------
asset    quantity       price      value    share   target  unrealized
----------------------------------------------------------------------
USD                             4,194.31   29.99%   30.00%
BTC    0.05595601  100,000.00   5,595.60   40.01%   40.00%    2,795.00
ETH    2.09775373    2,000.00   4,195.51   30.00%   30.00%       -4.19
total                          13,985.42  100.00%  100.00%    2,790.81
----------------------------------------------------------------------
profit 3,985.42: 1,194.61 realized, 2,790.81 unrealized"""


def quote(symbol: str, price: Decimal, minute: float = 0) -> Quote:
    return Quote(symbol, price, START + timedelta(minutes=minute))


@pytest.fixture
def desk() -> Desk:
    """Has heard both prices, and so has bought its first holdings."""
    desk = Desk()
    desk.on_quote(quote("BTC", BTC))
    desk.on_quote(quote("ETH", ETH))
    return desk


async def walk(desk: Desk, minutes: int, *, seed: int = 1) -> None:
    """Let the desk hear that many minutes of a generated market, both symbols in step."""

    async def no_pause(seconds: float) -> None:
        pass

    market = GeneratedMarket(seed=seed, speed=1, sleep=no_pause, resume=desk.quotes)
    streams = [market.quotes(symbol) for symbol in desk.bars]
    for _ in range(minutes * 12):
        for stream in streams:
            heard = await anext(stream)
            assert isinstance(heard, Quote)
            desk.on_quote(heard)


def test_buying_costs_price_and_fee() -> None:
    """A tenth of a percent, to the cent, and never more than was to be spent."""
    portfolio = Portfolio(Decimal("1000.00"))
    fill = portfolio.buy("BTC", Decimal(500), BTC)
    assert fill is not None
    assert (fill.quantity, fill.fee) == (Decimal("0.00999000"), Decimal("0.50"))
    assert portfolio.cash == Decimal("500.00")
    assert portfolio.held("BTC").cost == Decimal("500.00")


def test_selling_brings_profit_above_the_average_cost() -> None:
    """Half of the quantity takes half of the cost with it."""
    portfolio = Portfolio(Decimal("1001.00"))
    portfolio.buy("ETH", Decimal(1001), Decimal(1000))
    fill = portfolio.sell("ETH", Decimal(600), Decimal(1200))
    assert fill is not None
    assert fill.quantity == Decimal("0.5")
    assert fill.profit == Decimal("600.00") - Decimal("0.60") - Decimal("500.50")
    assert portfolio.held("ETH").cost == Decimal("500.50")


def test_nothing_is_sold_that_is_not_held_and_nothing_bought_on_credit() -> None:
    """Such trades, and very small ones, do not happen."""
    portfolio = Portfolio(Decimal("15.00"))
    assert portfolio.sell("BTC", Decimal(100), BTC) is None
    assert portfolio.buy("BTC", Decimal("9.99"), BTC) is None
    assert portfolio.buy("BTC", Decimal(1000), BTC) is not None
    assert 0 <= portfolio.cash <= Decimal("0.01")


@given(
    st.lists(
        st.tuples(st.booleans(), st.decimals(0, 20000, places=2), st.decimals("0.01", 100000, places=2)), max_size=30
    )
)
def test_no_sequence_of_trades_makes_debt(trades: list[tuple[bool, Decimal, Decimal]]) -> None:
    """Cash, quantity and cost stay at or above zero, cash in whole cents, and money is only lost to fees and prices."""
    portfolio = Portfolio(INITIAL_CASH)
    for buying, amount, price in trades:
        cash, cost = portfolio.cash, portfolio.held("BTC").cost
        fill = (portfolio.buy if buying else portfolio.sell)("BTC", amount, price)
        held = portfolio.held("BTC")
        assert min(portfolio.cash, held.quantity, held.cost) >= 0
        assert portfolio.cash == portfolio.cash.quantize(Decimal("0.01"))
        if fill is not None:
            traded = fill.quantity * fill.price
            assert traded <= amount
            assert abs(fill.fee - traded * FEE_RATE) < Decimal("0.02")
            assert portfolio.cash + held.cost == cash + cost + (fill.profit or 0)


def test_the_first_prices_are_answered_by_the_target_portfolio(desk: Desk) -> None:
    """Not before all of them are known."""
    assert [(trade.fill.symbol, trade.reason) for trade in desk.trades] == [
        ("ETH", Reason.REBALANCE),
        ("BTC", Reason.REBALANCE),
    ]
    assert abs(desk.values()["BTC"] / desk.value - Decimal("0.40")) < Decimal("0.001")
    assert abs(desk.values()["ETH"] / desk.value - Decimal("0.30")) < Decimal("0.001")
    only_one = Desk()
    assert only_one.on_quote(quote("BTC", BTC)) == []


def test_it_rebalances_every_hour_of_market_time(desk: Desk) -> None:
    """Sales first; not a minute earlier; not what is within the tolerance."""
    assert desk.on_quote(quote("ETH", ETH, 59)) == []
    assert desk.on_quote(quote("BTC", BTC * 2, 59)) == []
    made = desk.on_quote(quote("BTC", BTC * 2, 60))
    assert [(trade.fill.side, trade.fill.symbol) for trade in made] == [(Side.SELL, "BTC"), (Side.BUY, "ETH")]
    assert desk.on_quote(quote("ETH", ETH, 119)) == []
    assert desk.on_quote(quote("BTC", BTC * 2, 120)) == []
    assert desk.rebalanced_at == START + timedelta(hours=2)


def test_nothing_is_rebalanced_at_a_price_of_long_ago(desk: Desk) -> None:
    """One market that is silent is waited for, also by the command; five minutes are not long."""
    assert desk.on_quote(quote("BTC", BTC * 2, 120)) == []
    assert answer(desk, "rebalance") == "not rebalanced: no current price of ETH"
    assert desk.statistics.trades == 2
    made = desk.on_quote(quote("ETH", ETH, 115))
    assert [trade.fill.symbol for trade in made] == ["BTC", "ETH"]
    assert answer(Desk(), "r") == "not rebalanced: no current price of BTC and ETH"


def test_a_late_quote_is_ignored(desk: Desk) -> None:
    """The price stays what it was last."""
    desk.on_quote(quote("BTC", BTC + 1, 5))
    desk.on_quote(quote("BTC", BTC + 2, 4))
    assert desk.quotes["BTC"].price == BTC + 1


async def test_a_paused_desk_listens_and_does_not_trade(desk: Desk) -> None:
    """Prices and bars go on, trades don't; a rebalance that is asked for happens."""
    answer(desk, "pause")
    await walk(desk, 180)
    assert desk.statistics.trades == 2
    assert len(desk.bars["BTC"].closes) == 60
    desk.on_quote(quote("BTC", BTC * 3, 600))
    desk.on_quote(quote("ETH", ETH, 600))
    assert answer(desk, "rebalance").startswith("rebalanced by 2 trades\n")
    answer(desk, "resume")
    await walk(desk, 180)
    assert desk.statistics.trades > 4


async def test_all_three_reasons_occur_and_the_books_add_up() -> None:
    """Six hours of a generated market; counts and sums agree with the trades."""
    desk = Desk()
    await walk(desk, 360)
    assert all(desk.statistics.by_reason.values()), desk.statistics.by_reason
    fills = [trade.fill for trade in desk.trades]
    assert len(fills) == desk.statistics.trades == sum(desk.statistics.by_symbol.values())
    assert [trade.number for trade in desk.trades] == list(range(1, len(fills) + 1))
    assert desk.statistics.fees == sum(fill.fee for fill in fills)
    assert desk.statistics.realized == sum(fill.profit for fill in fills if fill.profit is not None)
    profits = [fill.profit for fill in fills if fill.profit is not None]
    assert desk.statistics.wins == len([profit for profit in profits if profit > 0]) > 0
    assert desk.statistics.losses == len([profit for profit in profits if profit <= 0]) > 0
    assert (desk.statistics.best, desk.statistics.worst) == (max(profits), min(profits))
    unrealized = sum(value - desk.portfolio.held(symbol).cost for symbol, value in desk.values().items())
    assert desk.value - INITIAL_CASH == desk.statistics.realized + unrealized


async def test_the_same_seed_makes_the_same_trades() -> None:
    """And another one others."""
    first, again, other = Desk(), Desk(), Desk()
    await walk(first, 120)
    await walk(again, 120)
    await walk(other, 120, seed=2)
    assert first.trades == again.trades
    assert first.trades != other.trades


async def test_status_and_prices_tell_of_the_market() -> None:
    """The prices, whether more can come, and how many messages have."""
    desk = Desk()
    assert "connection  waiting for BTC and ETH\nmessages    0\n" in answer(desk, "prices")
    desk.on_quote(quote("BTC", BTC, 0))
    desk.on_quote(quote("ETH", BTC, 0))
    assert "connection  connected\nmessages    2\n" in answer(desk, "prices")
    assert f"BTC price        {BTC:,.2f}\nETH price        {BTC:,.2f}\n" in answer(desk, "status")
    desk.feed.lost("ETH", "ETH: gone")
    assert "connection  lost: ETH: gone\n" in answer(desk, "prices")
    desk.on_quote(quote("ETH", BTC, 1))
    desk.feed.ended("BTC")
    assert "connection  over for BTC\nmessages    3\n" in answer(desk, "prices")


async def test_books_are_read_as_they_were_written(tmp_path: Path) -> None:
    """A desk that was stopped and started trades as one that never was."""
    stopped, never = Desk(), Desk()
    await walk(stopped, 90)
    answer(stopped, "pause")
    save(stopped, tmp_path / "books.json")
    started = load(tmp_path / "books.json")
    for command in COMMANDS:
        if command.name not in ("pause", "resume", "rebalance"):
            told, _, _ = answer(started, command.name).partition("CONNECTION")
            assert told == answer(stopped, command.name).partition("CONNECTION")[0]
    assert load(tmp_path / "books.json").bars["BTC"].add(quote("BTC", BTC, 91)), "the open bar is closed by the next"
    answer(started, "resume")
    await walk(started, 90)
    await walk(never, 90)
    await walk(never, 90)
    assert started.trades == never.trades
    assert started.statistics == never.statistics


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2}', '{"format": 1, "paused": 0}'])
def test_a_file_that_holds_no_books_is_not_overwritten(tmp_path: Path, text: str) -> None:
    """It is named, with what to do."""
    (tmp_path / "books.json").write_text(text)
    with pytest.raises(ValueError, match=r"books\.json does not hold .* move it away"):
        load(tmp_path / "books.json")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
async def test_every_command_answers_before_and_after_the_first_prices(command: object) -> None:
    """By its name and by its short form, in any case, with something to read."""
    for minutes in (0, 20):
        by_name, by_short = Desk(), Desk()
        await walk(by_name, minutes)
        await walk(by_short, minutes)
        text = answer(by_name, command.name)  # type: ignore[attr-defined]
        assert text == answer(by_short, f"  {command.short.upper()} ")  # type: ignore[attr-defined]
        assert text.strip()
        assert all(line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("text", ["sell everything", "", "t100", "x" * 1000, "buy\nPORTFOLIO\x1b[2J\u2028total"])
def test_an_unknown_command_says_so(desk: Desk, text: str) -> None:
    """Shortly, however long it is, and names what helps."""
    said = answer(desk, text)
    assert said.startswith("unknown command: ")
    assert said.endswith("'help' lists the commands")
    assert len(said) < 120
    assert len(said.splitlines()) == 1
    assert said.isprintable()


def test_help_names_every_command(desk: Desk) -> None:
    """With its short form."""
    rows = [line.split()[:2] for line in answer(desk, "help").splitlines()]
    assert all([command.name, command.short] in rows for command in COMMANDS)


async def test_the_tables_hold_what_they_say(desk: Desk) -> None:
    """Columns line up, the newest trade comes first, and no more than were asked for."""
    desk.on_quote(quote("BTC", BTC * 2, 60))
    desk.on_quote(quote("ETH", ETH, 60))
    assert answer(desk, "portfolio") == PORTFOLIO
    await walk(desk, 600)
    for word, count in (("trades", 10), ("trades20", 20), ("trades50", 50)):
        numbers = [int(line.split()[0]) for line in answer(desk, word).splitlines()[4:-1]]
        newest = desk.statistics.trades
        assert numbers == list(range(newest, newest - count, -1))


def test_kept_trades_are_bounded(desk: Desk) -> None:
    """Statistics count them all."""
    for number in range(MOST_TRADES + 1):
        desk.on_quote(quote("ETH", ETH, 60 * (number + 1)))
        desk.on_quote(quote("BTC", BTC * (10 + number % 2 * 2) / 10, 60 * (number + 1)))
    assert len(desk.trades) == MOST_TRADES < desk.statistics.trades
