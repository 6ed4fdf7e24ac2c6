"""Clock: the time of day, elapsed time, and waiting; injected, so that tests need not wait."""

from abc import ABC, abstractmethod
from datetime import datetime, timedelta


class Clock(ABC):
    @abstractmethod
    def now(self) -> datetime:
        """The time of day, in UTC."""

    @abstractmethod
    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""

    @abstractmethod
    async def sleep(self, delay: timedelta) -> None:
        """Return after ``delay``; at once, but letting others run, when it is not positive. Cancel freely."""
