"""How long to wait before trying again."""


class Backoff:
    """Doubles from ``first_s`` to ``most_s`` seconds; ``reset`` after a success."""

    def __init__(self, first_s: float, most_s: float) -> None:
        self._first_s, self._most_s = first_s, most_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Seconds to wait this time."""
        delay_s = self._next_s
        self._next_s = min(delay_s * 2, self._most_s)
        return delay_s

    def reset(self) -> None:
        self._next_s = self._first_s
