"""What has come from the market, and whether more can come, since this process began."""

from collections.abc import Set

from .tables import one_line


class Feed:
    """Of each symbol the market says: a quote, an outage, or that it is over."""

    def __init__(self, symbols: Set[str]) -> None:
        self.messages = 0
        self._waited_for = set(symbols)
        self._outages: dict[str, str] = {}
        self._over: set[str] = set()

    def heard(self, symbol: str) -> None:
        self.messages += 1
        self._waited_for.discard(symbol)
        self._outages.pop(symbol, None)

    def lost(self, symbol: str, reason: str) -> None:
        self._outages[symbol] = reason

    def ended(self, symbol: str) -> None:
        self._waited_for.discard(symbol)
        self._over.add(symbol)

    @property
    def state(self) -> str:
        """In words."""
        if self._outages:
            return f"lost: {one_line('; '.join(self._outages.values()))}"
        if self._waited_for:
            return f"waiting for {' and '.join(sorted(self._waited_for))}"
        return f"over for {' and '.join(sorted(self._over))}" if self._over else "connected"
