"""A trading simulator: prices come by ``watch_flow``, commands by messages, answers go to the log."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from functools import partial

from trading.books import load, save
from trading.commands import answer
from trading.market import SYMBOLS, Outage, Quote
from trading.reports import money, trade_line
from trading.settings import from_environment, open_market
from trading.tables import one_line

from hershy.watcher import Context, Failure, Message, StopWatcher, Watcher

REPORT_EVERY_S = 3600.0

# Before anything runs: with settings or books that make no sense the process ends, and its Host says why.
try:
    settings = from_environment(os.environ)
    desk = load(settings.books)
    market = open_market(settings, dict(desk.quotes), asyncio.sleep)
except ValueError as error:
    sys.exit(f"trading_long: {error}")

watcher = Watcher(env={"MARKET": settings.market, "SPEED": f"{settings.speed:g}", "SEED": str(settings.seed)})


@watcher.manage("TradingLong")
async def trade(ctx: Context, message: Message | None) -> None:
    for symbol in SYMBOLS:
        quote = ctx.watch_flow(f"{symbol.lower()}_price", partial(heard, symbol), initial=None)
        if quote.triggered and quote.error:
            desk.feed.lost(symbol, str(quote.error))
            print(f"no prices: {quote.error}")
        elif quote.triggered and quote.value:
            hear(ctx, quote.value)
    if settings.duration_s and ctx.watch_tick("over", every=settings.duration_s).value > 1:
        raise StopWatcher(f"{settings.duration_s:g} s are over")
    if ctx.watch_tick("report", every=REPORT_EVERY_S / settings.speed).triggered:
        print(f"on the {settings.market} market, at speed {settings.speed:g}:\n{answer(desk, 'status')}")
    if message:
        print(f"> {one_line(message.content)}\n{answer(desk, message.content)}")
        save(desk, settings.books)


def hear(ctx: Context, quote: Quote) -> None:
    """What the desk has traded is written down before the next quote is heard."""
    for made in desk.on_quote(quote):
        print(trade_line(made))
        ctx.set("trades", made.number)
        ctx.set("value", str(desk.value))
        save(desk, settings.books)


async def heard(symbol: str) -> AsyncIterator[Quote | Failure]:
    """The market's quotes as the framework takes them: an outage is an error, shown and passing."""
    async for item in market.quotes(symbol):
        yield Failure(ConnectionError(item.reason)) if isinstance(item, Outage) else item
    desk.feed.ended(symbol)
    print(f"the {settings.market} market is over: no more prices of {symbol}")


@watcher.cleanup
async def close_books(ctx: Context) -> None:
    save(desk, settings.books)
    print(f"trading_long ends: {desk.statistics.trades} trades, the portfolio is worth {money(desk.value)}")


if __name__ == "__main__":
    watcher.run()
