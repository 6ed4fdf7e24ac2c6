"""Quotes condensed to one closing price a minute of market time."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from .market import Quote

BAR = timedelta(minutes=1)
MOST_CLOSES = 60


class Bars:
    """The last closes of one symbol, oldest first, and the bar that is being made.

    A minute without a quote makes no bar: after an outage the next close follows the last one.
    """

    def __init__(self) -> None:
        self._closes: deque[Decimal] = deque(maxlen=MOST_CLOSES)
        self._open: Quote | None = None

    @property
    def closes(self) -> Sequence[Decimal]:
        return tuple(self._closes)

    def resume(self, closes: Sequence[Decimal]) -> None:
        """Go on from these closes, oldest first."""
        self._closes.extend(closes)

    def add(self, quote: Quote) -> bool:
        """True if this quote is the first of a new minute, and so has closed the one before.

        A quote older than the last one changes nothing.
        """
        before = self._open
        if before is not None and quote.at < before.at:
            return False
        self._open = quote
        if before is None or _minute(quote.at) == _minute(before.at):
            return False
        self._closes.append(before.price)
        return True


def _minute(at: datetime) -> int:
    return int(at.timestamp() // BAR.total_seconds())
