"""The desk's books on disk: one JSON file, replaced as a whole, decimals as strings."""

import json
import os
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from .desk import Desk, Trade
from .market import Quote
from .portfolio import Fill, Holding
from .statistics import Statistics
from .strategy import Reason, Side

FORMAT = 1


def save(desk: Desk, path: Path) -> None:
    """A kill half-way leaves the books as they were before."""
    temporary = path.with_suffix(".new")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(_written(desk), file, default=str)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load(path: Path) -> Desk:
    """The desk as it was saved, or a new one if nothing was.

    Raises ValueError for a file that is something else: it is somebody's portfolio, and not to be overwritten.
    """
    desk = Desk()
    if not path.exists():
        return desk
    try:
        _read_into(desk, json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise ValueError(f"{path} does not hold a desk's books ({error!r}); move it away to start anew") from error
    return desk


def _written(desk: Desk) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "paused": desk.paused,
        "rebalanced_at": desk.rebalanced_at,
        "cash": desk.portfolio.cash,
        "holdings": {symbol: asdict(holding) for symbol, holding in desk.portfolio.holdings.items()},
        "statistics": asdict(desk.statistics),
        "trades": [asdict(trade) for trade in desk.trades],
        "quotes": [asdict(quote) for quote in desk.quotes.values()],
        "closes": {symbol: bars.closes for symbol, bars in desk.bars.items()},
    }


def _read_into(desk: Desk, document: dict[str, Any]) -> None:
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r}, not {FORMAT}")
    desk.paused = bool(document["paused"])
    desk.rebalanced_at = _moment(document["rebalanced_at"])
    desk.portfolio.cash = Decimal(document["cash"])
    for symbol, holding in document["holdings"].items():
        desk.portfolio.holdings[symbol] = Holding(Decimal(holding["quantity"]), Decimal(holding["cost"]))
    desk.statistics = _statistics(document["statistics"])
    desk.trades.extend(map(_trade, document["trades"]))
    for symbol, closes in document["closes"].items():
        desk.bars[symbol].resume([Decimal(close) for close in closes])
    for quote in map(_quote, document["quotes"]):
        desk.quotes[quote.symbol] = quote
        desk.bars[quote.symbol].add(quote)


def _statistics(document: dict[str, Any]) -> Statistics:
    """Sums were decimals and became strings; counts stay numbers."""
    read: dict[str, Any] = {}
    for field in fields(Statistics):
        value = document[field.name]
        read[field.name] = Decimal(value) if isinstance(value, str) else value
    return Statistics(**read)


def _trade(document: dict[str, Any]) -> Trade:
    fill, profit = document["fill"], document["fill"]["profit"]
    return Trade(
        document["number"],
        datetime.fromisoformat(document["at"]),
        Fill(
            fill["symbol"],
            Side(fill["side"]),
            Decimal(fill["quantity"]),
            Decimal(fill["price"]),
            Decimal(fill["fee"]),
            None if profit is None else Decimal(profit),
        ),
        Reason(document["reason"]),
    )


def _quote(document: dict[str, Any]) -> Quote:
    return Quote(document["symbol"], Decimal(document["price"]), datetime.fromisoformat(document["at"]))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
