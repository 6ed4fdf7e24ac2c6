"""What an in-memory program is said to use of the machine."""

from dataclasses import dataclass
from datetime import datetime

from hershy.core.resources import MIB


@dataclass(frozen=True, slots=True)
class Usage:
    """The default is a small program that mostly waits. ``cpus`` are kept busy; the network's bytes are totals."""

    cpus: float = 0.01
    memory_bytes: int = 16 * MIB
    pids: int = 2
    network_rx_bytes: int = 0
    network_tx_bytes: int = 0


class Meter:
    """Adds up the processor time of one run, whose usage may change on the way."""

    def __init__(self, usage: Usage, now: datetime) -> None:
        self.usage = usage
        self._counted_to = now
        self._cpu_seconds = 0.0

    def cpu_seconds(self, now: datetime) -> float:
        return self._cpu_seconds + self.usage.cpus * (now - self._counted_to).total_seconds()

    def change(self, usage: Usage, now: datetime) -> None:
        self._cpu_seconds = self.cpu_seconds(now)
        self._counted_to = now
        self.usage = usage
