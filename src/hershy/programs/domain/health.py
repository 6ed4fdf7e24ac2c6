"""Whether a program that is Ready still answers."""

from dataclasses import dataclass
from datetime import timedelta

from hershy.core.field_types import require_types
from hershy.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A periodic HTTP GET of ``path`` on the program's 8080, once it is Ready.

    An answer of 200 to 399 within ``timeout`` passes. ``failures`` misses in a row make the program unhealthy: it
    is restarted if its restart policy restarts after failures, else marked until a probe passes again.
    """

    path: str = "/watcher/status"
    interval: timedelta = timedelta(seconds=10)
    timeout: timedelta = timedelta(seconds=2)
    failures: int = 3

    def __post_init__(self) -> None:
        require_types("health_check", self)
        if not self.path.startswith("/") or not self.path.isascii() or not self.path.isprintable() or " " in self.path:
            raise InvalidValue(f"health_check: path must be an absolute URL path in ASCII, not {self.path!r:.80}")
        if not (timedelta(seconds=1) <= self.interval and timedelta() < self.timeout <= self.interval):
            raise InvalidValue("health_check: interval must be at least 1 s, and timeout above 0 and at most interval")
        if self.failures < 1:
            raise InvalidValue("health_check: failures must be at least 1")
