"""What benchmarks/sandbox.py looks for afterwards: what its sandboxes have left on the engine, and in this process."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sandbox_engine import OWNER_LABEL, containers_of


@dataclass
class Leftovers:
    """``owners``: labels of all the sandboxes there were. ``leases``: those whose files have outlived their owner."""

    owners: set[str] = field(default_factory=set)
    leases: list[str] = field(default_factory=list)

    async def containers(self) -> list[str]:
        return [found for owner in self.owners for found in await containers_of(f"{OWNER_LABEL}={owner}")]


@dataclass(frozen=True)
class Footprint:
    """Of this process."""

    descriptors: int
    children: int
    resident_mib: float

    @classmethod
    def now(cls) -> Self:
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        children = [it.read_text().split() for it in Path("/proc/self/task").glob("*/children")]
        return cls(
            descriptors=len(list(Path("/proc/self/fd").iterdir())) - 1,  # the listing has one open itself
            children=sum(len(it) for it in children),
            resident_mib=int(status["VmRSS"].split()[0]) / 1024,
        )
