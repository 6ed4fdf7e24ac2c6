"""How long to wait before trying again."""

import random
from collections.abc import Callable

Chance = Callable[[], float]
"""A number from 0 to 1."""


class Backoff:
    """Doubles from ``first_s`` to ``most_s`` seconds; ``reset`` after a success.

    Of each wait ``chance`` takes up to a half away: those who lost a server together don't come back together.
    """

    def __init__(self, first_s: float, most_s: float, chance: Chance = random.random) -> None:
        self._first_s, self._most_s, self._chance = first_s, most_s, chance
        self._next_s = first_s

    def next_s(self) -> float:
        """Seconds to wait this time."""
        delay_s = self._next_s
        self._next_s = min(delay_s * 2, self._most_s)
        return delay_s * (1 - self._chance() / 2)

    def reset(self) -> None:
        self._next_s = self._first_s
