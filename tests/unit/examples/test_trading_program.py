"""The program around the desk: prices, messages and outages as the framework brings them."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from trading.books import load
from trading.generated import START
from trading.market import Market, Outage, Quote

from hershy.watcher import WatcherState
from hershy.watcher.testing import drive

Load = Callable[..., ModuleType]


class Told(Market):
    """A market that says what the test tells it."""

    def __init__(self) -> None:
        self.items: dict[str, asyncio.Queue[Quote | Outage]] = {"BTC": asyncio.Queue(), "ETH": asyncio.Queue()}
        self.closed: list[str] = []

    def say(self, symbol: str, price: int, minute: int = 0) -> None:
        self.items[symbol].put_nowait(Quote(symbol, Decimal(price), START + timedelta(minutes=minute)))

    async def quotes(self, symbol: str) -> AsyncIterator[Quote | Outage]:
        try:
            while True:
                yield await self.items[symbol].get()
        finally:
            self.closed.append(symbol)


@pytest.fixture
def books(tmp_path: Path) -> Path:
    return tmp_path / "books.json"


@pytest.fixture
def trading(program: Load, books: Path) -> ModuleType:
    module = program("trading_long", BOOKS=books, SPEED=60)
    module.market = Told()
    return module


async def test_prices_lead_to_trades_and_trades_to_books(
    trading: ModuleType, books: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each trade is a line in the log, a context value, and on disk before anything else happens."""
    async with drive(trading.watcher) as driven:
        trading.market.say("BTC", 50_000)
        trading.market.say("ETH", 2_000)
        await driven.settle()
        assert driven.get("trades") == 2
        assert driven.get("value") == "9993.00"
        assert load(books).trades == trading.desk.trades
    assert "trade 2: buy 0.07992007 BTC at 50,000.00 (rebalance)" in capsys.readouterr().out


async def test_messages_are_answered_in_the_log(trading: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """The question first; what is unknown too."""
    async with drive(trading.watcher) as driven:
        await driven.send("pause")
        await driven.send("buy low")
    out = capsys.readouterr().out
    assert "> pause\ntrading is paused" in out
    assert "> buy low\nunknown command: 'buy low'" in out


async def test_a_message_cannot_write_lines_of_its_own(trading: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """What it says is shown on one line, however it was meant to look."""
    async with drive(trading.watcher) as driven:
        await driven.send("pause\nPORTFOLIO at noon\r\n\x1b[2J" + "x" * 1000)
    out = capsys.readouterr().out
    assert "> pause PORTFOLIO at noon [2Jx" in out
    assert "\nPORTFOLIO" not in out
    assert max(len(line) for line in out.splitlines()) < 120


async def test_the_end_of_a_recording_is_said(
    program: Load, books: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prices end, the program does not: it still answers."""
    recording = tmp_path / "short.csv"
    recording.write_text("at,symbol,price\n2025-01-01T00:00:00Z,BTC,50000\n2025-01-01T00:00:00Z,ETH,2000\n")
    module = program("trading_long", BOOKS=books, MARKET="recorded", RECORDING=recording)
    async with drive(module.watcher) as driven:
        await driven.send("status")
        assert driven.get("trades") == 2
    assert "the recorded market is over: no more prices of ETH\n" in capsys.readouterr().out


async def test_an_outage_is_an_error_that_passes(trading: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """The program says so, goes on, and trades when prices are back."""
    async with drive(trading.watcher) as driven:
        trading.market.items["BTC"].put_nowait(Outage("BTC: gone"))
        await driven.settle()
        assert str(driven.watched("btc_price").error) == "BTC: gone"
        await driven.send("prices")
        trading.market.say("BTC", 50_000)
        await driven.settle()
        assert driven.watched("btc_price").ok
        await driven.send("prices")
        assert trading.desk.quotes["BTC"].price == 50_000
    out = capsys.readouterr().out
    assert "no prices: BTC: gone" in out
    assert re.findall("connection .*", out) == ["connection  lost: BTC: gone", "connection  waiting for ETH"]


async def test_it_reports_every_hour_of_market_time(trading: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """Sixty times as fast, that is every minute."""
    async with drive(trading.watcher) as driven:
        await driven.advance(59)
        assert capsys.readouterr().out.count("on the generated market, at speed 60:\nSTATUS\n") == 1
        await driven.advance(61)
    assert capsys.readouterr().out.count("STATUS\n") == 2


async def test_it_ends_by_itself_when_told_to(program: Load, books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After DURATION seconds, its books closed; never without it."""
    endless = program("trading_long", BOOKS=books).watcher
    async with drive(endless) as driven:
        await driven.advance(100_000)
        assert driven.state is WatcherState.READY
    module = program("trading_long", BOOKS=books, DURATION=90)
    module.market = Told()
    async with drive(module.watcher) as driven:
        await driven.advance(89)
        assert driven.state is WatcherState.READY
        await driven.advance(1)
        assert (driven.state, driven.watcher.reason) == (WatcherState.STOPPED, "90 s are over")
    assert "trading_long ends: " in capsys.readouterr().out.splitlines()[-1]


async def test_a_stop_closes_books_and_market(
    trading: ModuleType, books: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both streams are closed, what was heard is kept, and the last line says how it went."""
    async with drive(trading.watcher) as driven:
        trading.market.say("BTC", 50_000)
        await driven.send("pause")
    assert sorted(trading.market.closed) == ["BTC", "ETH"]
    assert load(books).paused
    assert load(books).quotes["BTC"].price == 50_000
    assert capsys.readouterr().out.endswith("trading_long ends: 0 trades, the portfolio is worth 10,000.00\n")


@pytest.mark.parametrize(
    "environment",
    [{"MARKET": "nasdaq"}, {"SPEED": "-1"}, {"DURATION": "soon"}, {"MARKET": "recorded", "RECORDING": "x"}],
)
def test_nonsense_ends_the_process(program: Load, books: Path, environment: dict[str, str]) -> None:
    """At once, with a reason that a Host can show."""
    with pytest.raises(SystemExit, match="trading_long: "):
        program("trading_long", BOOKS=books, **environment)


def test_strange_books_end_the_process(program: Load, books: Path) -> None:
    """They are not overwritten."""
    books.write_text("{}")
    with pytest.raises(SystemExit, match=r"books\.json does not hold a desk's books"):
        program("trading_long", BOOKS=books)
    assert books.read_text() == "{}"
