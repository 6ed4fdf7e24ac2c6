"""What the desk's books look like on paper. Every report is a text of a few lines."""

from datetime import datetime
from decimal import Decimal
from itertools import islice

from .desk import INITIAL_CASH, Desk, Trade
from .strategy import LONG, SHORT, average, stretch, volatility
from .tables import facts, table

UNKNOWN = "-"


def status(desk: Desk) -> str:
    return facts(
        "STATUS",
        [
            ("trading", "paused" if desk.paused else "active"),
            ("market time", moment(desk.now)),
            ("portfolio value", money(desk.value)),
            ("return", percent(desk.value / INITIAL_CASH - 1)),
            ("trades", str(desk.statistics.trades)),
            ("last rebalance", moment(desk.rebalanced_at)),
            *((f"{symbol} price", money(_price(desk, symbol))) for symbol in desk.bars),
        ],
    )


def _price(desk: Desk, symbol: str) -> Decimal | None:
    quote = desk.quotes.get(symbol)
    return quote.price if quote else None


def statistics(desk: Desk) -> str:
    counted = desk.statistics
    return facts(
        "STATISTICS",
        [
            ("trades", f"{counted.trades} ({counted.buys} buys, {counted.sells} sells)"),
            ("volume", money(counted.volume)),
            ("fees", money(counted.fees)),
            ("realized profit", money(counted.realized)),
            ("unrealized profit", money(desk.value - INITIAL_CASH - counted.realized)),
            ("win rate", percent(counted.win_rate)),
            ("return", percent(desk.value / INITIAL_CASH - 1)),
            ("largest drawdown", percent(counted.drawdown)),
        ],
    )


def detailed(desk: Desk) -> str:
    counted = desk.statistics
    more = facts(
        "DETAILS",
        [
            *((f"trades by {reason}", str(count)) for reason, count in counted.by_reason.items()),
            *((f"trades of {symbol}", str(counted.by_symbol.get(symbol, 0))) for symbol in desk.bars),
            ("sales won, lost", f"{counted.wins}, {counted.losses}"),
            ("best sale", money(counted.best)),
            ("worst sale", money(counted.worst)),
            ("highest value", money(counted.peak)),
        ],
    )
    return f"{statistics(desk)}\n{more}\n{_indicators(desk)}"


def _indicators(desk: Desk) -> str:
    rows = []
    for symbol, bars in desk.bars.items():
        closes = bars.closes
        away = stretch(closes)
        rows.append(
            (
                symbol,
                str(len(closes)),
                money(average(closes, SHORT)),
                money(average(closes, LONG)),
                percent(volatility(closes), places=3),
                UNKNOWN if away is None else f"{away:+z.2f}",
            )
        )
    return table("INDICATORS", ["symbol", "bars", f"MA{SHORT}", f"MA{LONG}", "volatility", "deviations"], rows)


def portfolio(desk: Desk) -> str:
    whole, values, realized = desk.value, desk.values(), desk.statistics.realized
    cash, cash_target = desk.portfolio.cash, 1 - sum(desk.rules.targets.values(), Decimal(0))
    rows = [("USD", "", "", money(cash), percent(cash / whole), percent(cash_target), "")]
    for symbol in desk.bars:
        held, quote = desk.portfolio.held(symbol), desk.quotes.get(symbol)
        value = values.get(symbol)
        rows.append(
            (
                symbol,
                f"{held.quantity:f}",
                money(quote.price) if quote else UNKNOWN,
                money(value),
                percent(None if value is None else value / whole),
                percent(desk.rules.targets[symbol]),
                money(None if value is None else value - held.cost),
            )
        )
    total = whole - INITIAL_CASH
    rows.append(("total", "", "", money(whole), percent(Decimal(1)), percent(Decimal(1)), money(total - realized)))
    header = ["asset", "quantity", "price", "value", "share", "target", "unrealized"]
    holdings = table(f"PORTFOLIO at {moment(desk.now)}", header, rows)
    return f"{holdings}\nprofit {money(total)}: {money(realized)} realized, {money(total - realized)} unrealized"


def trades(desk: Desk, count: int) -> str:
    newest = list(islice(reversed(desk.trades), count))
    header = ["no.", "time", "side", "symbol", "reason", "quantity", "price", "fee", "profit"]
    title = f"TRADES: the last {len(newest)} of {desk.statistics.trades}, newest first"
    return table(title, header, [_trade(trade) for trade in newest], left=5)


def _trade(trade: Trade) -> tuple[str, ...]:
    fill = trade.fill
    return (
        str(trade.number),
        moment(trade.at),
        fill.side,
        fill.symbol,
        trade.reason,
        f"{fill.quantity:f}",
        money(fill.price),
        money(fill.fee),
        money(fill.profit),
    )


def prices(desk: Desk) -> str:
    rows = []
    for symbol, bars in desk.bars.items():
        quote, closes = desk.quotes.get(symbol), bars.closes
        change = quote.price / closes[0] - 1 if quote and closes else None
        rows.append(
            (symbol, money(quote.price), percent(change), moment(quote.at))
            if quote
            else (symbol, UNKNOWN, UNKNOWN, UNKNOWN)
        )
    longest = max(len(bars.closes) for bars in desk.bars.values())
    heard = facts("CONNECTION", [("connection", desk.feed.state), ("messages", str(desk.feed.messages))])
    return f"{table('PRICES', ['symbol', 'price', f'over {longest} bars', 'at'], rows)}\n{heard}"


def trade_line(trade: Trade) -> str:
    """A trade as it is logged when it happens."""
    fill = trade.fill
    return (
        f"{moment(trade.at)}  trade {trade.number}: {fill.side} {fill.quantity:f} {fill.symbol} "
        f"at {money(fill.price)} ({trade.reason})"
    )


def money(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else f"{amount:z,.2f}"


def percent(part: Decimal | None, *, places: int = 2) -> str:
    return UNKNOWN if part is None else f"{part * 100:z.{places}f}%"


def moment(at: datetime | None) -> str:
    return UNKNOWN if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
