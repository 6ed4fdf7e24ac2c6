"""Publish ports: each belongs to one program from its creation to its deletion."""

from collections.abc import Set
from typing import Protocol

from hershy.core.ids import FIRST_PUBLISH_PORT, LAST_PUBLISH_PORT, ProgramID, PublishPort
from hershy.errors import AlreadyExists, InvalidValue, QuotaExceeded
from hershy.programs.ports.local_runtime import LocalRuntime
from hershy.programs.ports.runtime import Runtime

PORT_ATTEMPTS = 10
"""So many ports in a row held by strangers mean that something is wrong with the machine."""


class Leases(Protocol):
    """What a Host does with the publish ports of its programs; under a runtime without any, nothing."""

    def __len__(self) -> int: ...

    def lease(self, program_id: ProgramID) -> PublishPort | None: ...

    def restore(self, program_id: ProgramID, port: PublishPort | None) -> None: ...

    def exchange(self, program_id: ProgramID, avoiding: Set[PublishPort] = frozenset()) -> PublishPort: ...

    def confirm(self, program_id: ProgramID, port: PublishPort | None) -> None: ...

    def release(self, program_id: ProgramID) -> None: ...


def leases_for(runtime: Runtime) -> Leases:
    return PortLeases() if isinstance(runtime, LocalRuntime) else NoLeases()


class NoLeases(Leases):
    """Programs of this runtime have no publish port."""

    def __len__(self) -> int:
        return 0

    def lease(self, program_id: ProgramID) -> None:
        return None

    def restore(self, program_id: ProgramID, port: PublishPort | None) -> None:
        """What another runtime published it on counts no more."""

    def exchange(self, program_id: ProgramID, avoiding: Set[PublishPort] = frozenset()) -> PublishPort:
        raise InvalidValue(f"program {program_id} has no publish port to exchange: its runtime has none")

    def confirm(self, program_id: ProgramID, port: PublishPort | None) -> None:
        """None was leased."""

    def release(self, program_id: ProgramID) -> None:
        """None was leased."""


class PortLeases(Leases):
    """Hands ports out in sequence, wrapping at the end, so that a released port rests as long as possible.

    Whether a port can really be bound is only known to the engine: on its bind error the program's lease is
    exchanged for the next one. Methods don't suspend, which makes them safe under an event loop's concurrency.
    """

    def __init__(self, first: int = FIRST_PUBLISH_PORT, last: int = LAST_PUBLISH_PORT) -> None:
        self._first = first
        self._size = last - first + 1
        self._cursor = 0
        self._held: dict[ProgramID, set[int]] = {}
        self._taken: set[int] = set()

    def __len__(self) -> int:
        """How many programs have a port."""
        return len(self._held)

    def lease(self, program_id: ProgramID) -> PublishPort:
        """Lease the next free port. Raises AlreadyExists, and QuotaExceeded when every port is leased."""
        if program_id in self._held:
            raise AlreadyExists(f"program {program_id} has a port already")
        return self._assign(program_id, self._next_free())

    def restore(self, program_id: ProgramID, port: PublishPort | None) -> None:
        """Take up a lease from before a restart of the Host. Raises AlreadyExists when the port is leased.

        A program without one was registered under a runtime without ports; no container of it can be made here.
        """
        if port is None:
            return
        if port.value in self._taken:
            raise AlreadyExists(f"port {port} of program {program_id} is leased to another program")
        self._assign(program_id, port.value)

    def exchange(self, program_id: ProgramID, avoiding: Set[PublishPort] = frozenset()) -> PublishPort:
        """Lease the next free port that is not in ``avoiding`` for the program, beside the one it has.

        Both are its own until ``confirm``: were one given up before the other is saved, a killed Host could find
        two programs with one port. Raises QuotaExceeded, keeping the lease.
        """
        return self._assign(program_id, self._next_free(avoiding))

    def confirm(self, program_id: ProgramID, port: PublishPort | None) -> None:
        """``port``, one of the program's, is saved as its own; release what it holds beside. Idempotent."""
        held = self._held.get(program_id, set())
        if port is not None and held > {port.value}:
            self._taken -= held - {port.value}
            self._held[program_id] = {port.value}

    def release(self, program_id: ProgramID) -> None:
        """Idempotent."""
        self._taken -= self._held.pop(program_id, set())

    def _assign(self, program_id: ProgramID, port: int) -> PublishPort:
        self._held.setdefault(program_id, set()).add(port)
        self._taken.add(port)
        self._cursor = port - self._first + 1
        return PublishPort(port)

    def _next_free(self, avoiding: Set[PublishPort] = frozenset()) -> int:
        unwanted = self._taken | {port.value for port in avoiding}
        for step in range(self._size):
            port = self._first + (self._cursor + step) % self._size
            if port not in unwanted:
                return port
        raise QuotaExceeded(f"all {self._size} publish ports are leased", remedy="delete a program to free one")
