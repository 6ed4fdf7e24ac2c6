"""Where prices come from: generated, recorded, and Binance's WebSocket, spoken by a server on this machine."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from trading.backoff import Backoff
from trading.binance import BinanceMarket, parse_mini_ticker
from trading.generated import START, STEP, GeneratedMarket
from trading.market import SYMBOLS, Outage, Quote
from trading.recorded import RecordedMarket
from trading.settings import MARKETS, Settings, from_environment, open_market
from websockets.asyncio.server import ServerConnection, serve

PATIENCE_S = 10
RECORDING = Settings().recording


class Pauses(list[float]):
    """What was to be slept, none of which is."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


async def first(stream: AsyncIterator[Quote | Outage], count: int) -> list[Quote | Outage]:
    async with asyncio.timeout(PATIENCE_S):
        return [await anext(stream) for _ in range(count)]


async def test_a_generated_market_is_decided_by_its_seed(pauses: Pauses) -> None:
    """The same prices for the same seed, others for another seed or symbol."""

    async def walk(seed: int, symbol: str) -> list[Quote | Outage]:
        return await first(GeneratedMarket(seed=seed, speed=1, sleep=pauses).quotes(symbol), 50)

    assert await walk(1, "BTC") == await walk(1, "BTC")
    assert await walk(1, "BTC") != await walk(2, "BTC")
    assert await walk(1, "BTC") != await walk(1, "ETH")


async def test_a_generated_market_passes_at_its_speed(pauses: Pauses) -> None:
    """A quote every five seconds of market time, sixty times as fast."""
    heard = await first(GeneratedMarket(seed=1, speed=60, sleep=pauses).quotes("ETH"), 4)
    assert [quote.at for quote in heard if isinstance(quote, Quote)] == [START + STEP * step for step in range(4)]
    assert pauses == [5 / 60] * 3


async def test_a_generated_market_goes_on_where_it_ended(pauses: Pauses) -> None:
    """As if it had never been interrupted."""
    whole = await first(GeneratedMarket(seed=7, speed=1, sleep=pauses).quotes("BTC"), 20)
    last = whole[11]
    assert isinstance(last, Quote)
    resumed = GeneratedMarket(seed=7, speed=1, sleep=pauses, resume={"BTC": last})
    assert await first(resumed.quotes("BTC"), 9) == whole[11:]


async def test_a_generated_market_lasts(pauses: Pauses) -> None:
    """Pulled back from far away, it neither ends at nothing nor grows without end."""
    for price in (Decimal(100), Decimal(900_000_000)):
        far = {"BTC": Quote("BTC", price, START)}
        heard = await first(GeneratedMarket(seed=1, speed=1, sleep=pauses, resume=far).quotes("BTC"), 20_000)
        prices = [quote.price for quote in heard if isinstance(quote, Quote)]
        first_distance, last_distance = (abs((it / 64_000).ln()) for it in (prices[0], prices[-1]))
        assert last_distance < first_distance * Decimal("0.95")


async def test_the_recording_that_comes_along_can_be_replayed(pauses: Pauses) -> None:
    """Both symbols, in order of time, an hour at least, so that averages cross; then it ends."""
    market = RecordedMarket(RECORDING, speed=10, sleep=pauses)
    for symbol in SYMBOLS:
        pauses.clear()
        heard = [quote async for quote in market.quotes(symbol) if isinstance(quote, Quote)]
        assert {quote.symbol for quote in heard} == {symbol}
        assert all(one.at < next_one.at for one, next_one in pairwise(heard))
        assert sum(pauses) * 10 == pytest.approx((heard[-1].at - heard[0].at).total_seconds())
        assert heard[-1].at - heard[0].at >= timedelta(hours=1)


async def test_a_recording_goes_on_where_it_ended(pauses: Pauses) -> None:
    """Without waiting for what has been heard already."""
    whole = [quote async for quote in RecordedMarket(RECORDING, speed=1, sleep=pauses).quotes("BTC")]
    pauses.clear()
    last = whole[99]
    assert isinstance(last, Quote)
    resumed = RecordedMarket(RECORDING, speed=1, sleep=pauses, resume={"BTC": last})
    assert [quote async for quote in resumed.quotes("BTC")] == whole[100:]
    assert pauses == [15] * len(whole[100:])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the first line must be at,symbol,price"),
        ("time,price\n", "the first line must be"),
        ("at,symbol,price\n2025-01-01T00:00:00Z,BTC,1\nnoon,BTC,1\n", "line 3: not a quote"),
        ("at,symbol,price\n2025-01-01T00:00:00,BTC,1\n", "line 2: not a quote .*time zone"),
        ("at,symbol,price\n2025-01-01T00:00:00Z,BTC,-1\n", "line 2: not a quote .*positive"),
        ("at,symbol,price\n2025-01-01T00:00:00Z,BTC,NaN\n", "line 2: not a quote .*positive"),
        ("at,symbol,price\n2025-01-01T00:00:00Z,BTC\n", "line 2: not a quote"),
    ],
)
def test_a_bad_recording_is_refused_at_once(tmp_path: Path, pauses: Pauses, text: str, complaint: str) -> None:
    """With the line that is wrong."""
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(ValueError, match=complaint):
        RecordedMarket(tmp_path / "bad.csv", speed=1, sleep=pauses)
    with pytest.raises(ValueError, match="cannot be read"):
        RecordedMarket(tmp_path / "missing.csv", speed=1, sleep=pauses)


def ticker(symbol: str, price: str, at_ms: int = 1_735_689_600_000) -> str:
    """A mini ticker as Binance documents it."""
    rest = {"o": "0.0010", "h": "0.0025", "l": "0.0010", "v": "10000", "q": "18"}
    return json.dumps({"e": "24hrMiniTicker", "E": at_ms, "s": f"{symbol}USDT", "c": price, **rest})


@asynccontextmanager
async def binance(talk: Callable[[ServerConnection], object]) -> AsyncIterator[str]:
    """A server on a free port that talks as told, and its URL."""
    async with serve(talk, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def patient(url: str, pauses: Pauses, **more: float) -> BinanceMarket:
    """A market that waits as long as it may: chance takes nothing away."""
    return BinanceMarket(url=url, sleep=pauses, chance=lambda: 0.0, **more)


async def test_live_prices_are_heard(pauses: Pauses) -> None:
    """One connection for each symbol, to its mini ticker; pings are answered."""
    paths = []

    async def talk(connection: ServerConnection) -> None:
        paths.append(connection.request.path)
        symbol = "BTC" if "btc" in connection.request.path else "ETH"
        await connection.send(ticker(symbol, "64000.10"))
        await (await connection.ping())
        await connection.send(ticker(symbol, "64001.20", 1_735_689_601_500))
        await connection.wait_closed()

    async with binance(talk) as url:
        market = BinanceMarket(url=url, sleep=pauses)
        for symbol in SYMBOLS:
            async with aclosing(market.quotes(symbol)) as stream:
                assert await first(stream, 2) == [
                    Quote(symbol, Decimal("64000.10"), datetime(2025, 1, 1, tzinfo=UTC)),
                    Quote(symbol, Decimal("64001.20"), datetime(2025, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)),
                ]
    assert paths == ["/ws/btcusdt@miniTicker", "/ws/ethusdt@miniTicker"]
    assert pauses == []


async def test_a_lost_connection_is_made_again_with_growing_pauses(pauses: Pauses) -> None:
    """Doubling while nothing comes, from the start again after a quote, each loss reported."""
    connections = 0

    async def talk(connection: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        if connections == 4:
            await connection.send(ticker("BTC", "1"))

    async with binance(talk) as url, aclosing(patient(url, pauses).quotes("BTC")) as stream:
        heard = await first(stream, 6)
    assert [isinstance(it, Quote) for it in heard] == [False, False, False, True, False, False]
    assert pauses == [1, 2, 4, 1]
    assert isinstance(heard[0], Outage)
    assert heard[0].reason.endswith("connecting again in 1.0 s")


@pytest.mark.parametrize(
    "message",
    [
        "{not json",
        "",
        "[]",
        "null",
        "[" * 60_000,
        '{"e": "trade"}',
        '{"e": "24hrMiniTicker", "s": "BTCUSDT"}',
        '{"result": null, "id": 1}',
        '{"e": "24hrMiniTicker", "E": 1735689600000, "s": "BTCUSDT", "c": true}',
        ticker("ETH", "1"),
        *(ticker("BTC", price) for price in ("-1", "0", "NaN", "sNaN", "Infinity", "1e30", "1e-30", "", "dear")),
        ticker("BTC", "1", at_ms=10**30),
        ticker("BTC", "1", at_ms=-(10**18)),
        b"\xff",
    ],
    ids=lambda message: repr(message[:70]),
)
async def test_nonsense_is_an_outage(pauses: Pauses, message: str | bytes) -> None:
    """The connection is given up and made again; no price comes of it."""

    async def talk(connection: ServerConnection) -> None:
        await connection.send(message)
        await connection.wait_closed()

    async with binance(talk) as url, aclosing(BinanceMarket(url=url, sleep=pauses).quotes("BTC")) as stream:
        assert [type(it) for it in await first(stream, 2)] == [Outage, Outage]


async def test_a_message_in_pieces_is_one_quote(pauses: Pauses) -> None:
    """Frames are put together before they are read."""

    async def talk(connection: ServerConnection) -> None:
        text = ticker("BTC", "64000.10")
        await connection.send([text[:10], text[10:11], text[11:]])
        await connection.wait_closed()

    async with binance(talk) as url, aclosing(BinanceMarket(url=url, sleep=pauses).quotes("BTC")) as stream:
        assert await first(stream, 1) == [Quote("BTC", Decimal("64000.10"), datetime(2025, 1, 1, tzinfo=UTC))]
    assert pauses == []


async def test_a_message_that_is_too_long_is_an_outage(pauses: Pauses) -> None:
    """It is not gathered without end."""

    async def talk(connection: ServerConnection) -> None:
        await connection.send(ticker("BTC", "1" + " " * 70_000))
        await connection.wait_closed()

    async with binance(talk) as url, aclosing(BinanceMarket(url=url, sleep=pauses).quotes("BTC")) as stream:
        assert [type(it) for it in await first(stream, 2)] == [Outage, Outage]


async def test_a_silent_server_is_an_outage(pauses: Pauses) -> None:
    """A price that is not renewed is not a price."""

    async def talk(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with binance(talk) as url:
        market = patient(url, pauses, silence_timeout_s=0.05)
        async with aclosing(market.quotes("BTC")) as stream:
            (outage,) = await first(stream, 1)
    assert outage == Outage("BTC: no answer in time; connecting again in 1.0 s")


async def test_a_server_that_is_not_there_is_an_outage(pauses: Pauses) -> None:
    """Refused connections are tried again too."""
    async with binance(lambda connection: asyncio.sleep(0)) as url:
        pass
    async with aclosing(patient(url, pauses).quotes("BTC")) as stream:
        assert [type(it) for it in await first(stream, 3)] == [Outage] * 3
    assert pauses == [1, 2]


async def test_closing_the_stream_closes_the_connection(pauses: Pauses) -> None:
    """The server sees its client go."""
    gone = asyncio.Event()

    async def talk(connection: ServerConnection) -> None:
        await connection.send(ticker("BTC", "1"))
        await connection.wait_closed()
        gone.set()

    async with binance(talk) as url:
        async with aclosing(BinanceMarket(url=url, sleep=pauses).quotes("BTC")) as stream:
            await first(stream, 1)
        async with asyncio.timeout(PATIENCE_S):
            await gone.wait()


def test_a_mini_ticker_is_parsed_exactly() -> None:
    """To the last digit: no float in between."""
    assert parse_mini_ticker(ticker("BTC", "64000.12345678"), "BTC").price == Decimal("64000.12345678")


def test_backoff_has_a_most() -> None:
    """Sixty seconds at most, however long it lasts; a success starts anew."""
    backoff = Backoff(1, 60, chance=lambda: 0.0)
    assert [backoff.next_s() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.reset()
    assert backoff.next_s() == 1


def test_backoff_is_spread() -> None:
    """Chance takes up to a half of a wait away, and has no say in how the next one grows."""
    assert [Backoff(8, 60, chance=lambda chance=chance: chance).next_s() for chance in (0, 0.5, 1)] == [8, 6, 4]
    always = Backoff(1, 60, chance=lambda: 1.0)
    assert [always.next_s() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    unlike = {Backoff(1, 60).next_s() for _ in range(20)}
    assert len(unlike) > 1, "by default it is spread"
    assert all(0.5 <= delay_s <= 1 for delay_s in unlike)


def test_the_environment_chooses_the_market(pauses: Pauses) -> None:
    """A generated one unless something else is asked for."""
    kinds = [type(open_market(from_environment({"MARKET": name}), {}, pauses)) for name in MARKETS]
    assert kinds == [GeneratedMarket, RecordedMarket, BinanceMarket]
    assert from_environment({}) == Settings()
    assert from_environment({"SPEED": "60", "SEED": "5"}) == Settings(speed=60, seed=5)


@pytest.mark.parametrize(
    "environment",
    [
        {"MARKET": "nasdaq"},
        {"SPEED": "0"},
        {"SPEED": "fast"},
        {"SPEED": "inf"},
        {"SEED": "1.5"},
        {"MARKET": "binance", "SPEED": "2"},
        {"MARKET": "binance", "BINANCE_URL": "https://example.org"},
    ],
)
def test_an_environment_that_cannot_be_is_refused(environment: dict[str, str]) -> None:
    """With the name of the variable."""
    with pytest.raises(ValueError, match=r"SPEED|SEED|MARKET|BINANCE_URL"):
        from_environment(environment)


def test_only_the_live_market_loads_a_websocket_library() -> None:
    """The others run on an image without it."""
    code = "import sys, trading.settings; sys.exit('websockets' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=RECORDING.parent, check=True, timeout=PATIENCE_S)
