"""A market that was: quotes from a CSV file ``at,symbol,price``, at the pace they were recorded."""

import csv
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from .market import Market, Outage, Quote, Sleep

FIELDS = ["at", "symbol", "price"]


class RecordedMarket(Market):
    """Replays a recording, ``speed`` times as fast as it was made, and ends with it.

    With ``resume``, the last quotes that were heard, it goes on after them without waiting for what has been heard.

    A file that is missing, has other columns, or a row that is no quote raises ValueError with the line's number, at
    once: a recording is checked before the first trade.
    """

    def __init__(self, path: Path, *, speed: float, sleep: Sleep, resume: Mapping[str, Quote] | None = None) -> None:
        self._speed, self._sleep, self._path = speed, sleep, path
        self._resume = dict(resume or {})
        for _ in _rows(path):
            pass

    async def quotes(self, symbol: str) -> AsyncIterator[Quote | Outage]:
        last = self._resume.get(symbol)
        # Pauses are counted over all symbols, so that those of one recording stay in step.
        before = max((quote.at for quote in self._resume.values()), default=None)
        for quote in _rows(self._path):
            if before is None:
                before = quote.at
            if quote.at > before:
                await self._sleep((quote.at - before).total_seconds() / self._speed)
                before = quote.at
            if quote.symbol == symbol and (last is None or quote.at > last.at):
                yield quote


def _rows(path: Path) -> Iterator[Quote]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames != FIELDS:
                raise ValueError(f"{path}: the first line must be {','.join(FIELDS)}")
            for row in reader:
                yield _quote(row, f"{path}, line {reader.line_num}")
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from error


def _quote(row: dict[str, str | None], where: str) -> Quote:
    try:
        return Quote(row["symbol"] or "", Decimal(row["price"] or ""), datetime.fromisoformat(row["at"] or ""))
    except (ValueError, InvalidOperation) as error:
        raise ValueError(f"{where}: not a quote ({error})") from error
