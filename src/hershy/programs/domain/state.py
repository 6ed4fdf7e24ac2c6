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

FINAL = frozenset({ProgramState.STOPPED, ProgramState.ERROR})
"""Only somebody's start leads out of these: to wait on is in vain."""

ALIVE = frozenset({ProgramState.RUNNING, ProgramState.READY})
"""States in which the container's process lives."""

ON_THE_WAY = frozenset({ProgramState.BUILDING, ProgramState.BUILT, ProgramState.STARTING})
"""States that lead to a container that runs."""

ADOPTABLE = frozenset({ProgramState.STARTING, *ALIVE})
"""States whose running container a Host that starts takes over."""

TRANSITIONAL = frozenset(
    {ProgramState.BUILDING, ProgramState.BUILT, ProgramState.STARTING, ProgramState.RUNNING, ProgramState.STOPPING}
)
"""States that must not last: each has a deadline. *Running* is one, since a program is to become *Ready*."""
