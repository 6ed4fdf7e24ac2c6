"""What the Host answers with, beside the domain's own values."""

from dataclasses import dataclass

from hershy.core.ids import ContainerID
from hershy.programs.ports.runtime import ContainerStats, LogLine


@dataclass(frozen=True, slots=True)
class ProgramLogs:
    """Output of the present container, or of those before it when there is none (``container_id`` None)."""

    container_id: ContainerID | None
    lines: tuple[LogLine, ...]

    @property
    def text(self) -> str:
        """The lines without time and stream, each with its line end."""
        return "".join(f"{line.text}\n" for line in self.lines)


@dataclass(frozen=True, slots=True)
class ProgramStats:
    """``container`` and ``cpu_cores`` (cores in use, 0.5 being half of one) are None while no container runs.

    ``state_bytes``: what ``/state`` takes on the disk.
    """

    container: ContainerStats | None
    cpu_cores: float | None
    state_bytes: int
