"""The nine states of a program, as they are named on the wire."""

from enum import StrEnum


class ProgramState(StrEnum):
    """*Running*: the container's process lives. *Ready*: it has completed an HTTP exchange on its 8080."""

    CREATED = "Created"
    BUILDING = "Building"
    BUILT = "Built"
    STARTING = "Starting"
    RUNNING = "Running"
    READY = "Ready"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    ERROR = "Error"

    @property
    def is_active(self) -> bool:
        """Something is under way or alive: a start is refused."""
        return self not in RESTING


RESTING = frozenset({ProgramState.CREATED, ProgramState.STOPPED, ProgramState.ERROR})
"""States in which nothing of the program runs and nothing is under way."""

TRANSITIONAL = frozenset(
    {ProgramState.BUILDING, ProgramState.BUILT, ProgramState.STARTING, ProgramState.RUNNING, ProgramState.STOPPING}
)
"""States that must not last: each has a deadline. *Running* is one, since a program is to become *Ready*."""
