"""Publish ports: each belongs to one program from its creation to its deletion."""

from collections.abc import Set

from hershy.domain.errors import AlreadyExists, QuotaExceeded
from hershy.domain.ids import FIRST_PUBLISH_PORT, LAST_PUBLISH_PORT, ProgramID, PublishPort


class PortLeases:
    """Hands ports out in sequence, wrapping at the end, so that a released port rests as long as possible.

    Whether a port can really be bound is only known to the engine: on its bind error the program's lease is
    exchanged for the next one. Methods don't suspend, which makes them safe under an event loop's concurrency.
    """

    def __init__(self, first: int = FIRST_PUBLISH_PORT, last: int = LAST_PUBLISH_PORT) -> None:
        self._first = first
        self._size = last - first + 1
        self._cursor = 0
        self._by_program: dict[ProgramID, PublishPort] = {}
        self._taken: set[int] = set()

    def lease(self, program_id: ProgramID) -> PublishPort:
        """Lease the next free port. Raises AlreadyExists, and QuotaExceeded when every port is leased."""
        if program_id in self._by_program:
            raise AlreadyExists(f"program {program_id} has port {self._by_program[program_id]} already")
        return self._assign(program_id, self._next_free())

    def restore(self, program_id: ProgramID, port: PublishPort) -> None:
        """Take up a lease from before a restart of the Host. Raises AlreadyExists when the port is leased."""
        if port.value in self._taken:
            raise AlreadyExists(f"port {port} of program {program_id} is leased to another program")
        self._assign(program_id, port.value)

    def port_of(self, program_id: ProgramID) -> PublishPort:
        return self._by_program[program_id]

    def exchange(self, program_id: ProgramID, avoiding: Set[PublishPort] = frozenset()) -> PublishPort:
        """Give up the program's port for the next free one that is not in ``avoiding``.

        Raises QuotaExceeded, keeping the lease.
        """
        port = self._next_free(avoiding)
        self.release(program_id)
        return self._assign(program_id, port)

    def release(self, program_id: ProgramID) -> None:
        """Idempotent."""
        port = self._by_program.pop(program_id, None)
        if port is not None:
            self._taken.discard(port.value)

    def _assign(self, program_id: ProgramID, port: int) -> PublishPort:
        self._by_program[program_id] = PublishPort(port)
        self._taken.add(port)
        self._cursor = port - self._first + 1
        return self._by_program[program_id]

    def _next_free(self, avoiding: Set[PublishPort] = frozenset()) -> int:
        unwanted = self._taken | {port.value for port in avoiding}
        for step in range(self._size):
            port = self._first + (self._cursor + step) % self._size
            if port not in unwanted:
                return port
        raise QuotaExceeded(f"all {self._size} publish ports are leased; delete a program to free one")
