"""Who asks, and whose programs that gives a right to."""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum

from hershy.core.ids import ProgramID, UserID


class Authentication(StrEnum):
    """How a Host tells callers of its HTTP API apart."""

    NONE = "none"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. ``user_id`` None may do everything; else only what concerns this user's programs.

    ``name`` is what the journal calls it.
    """

    name: str
    user_id: UserID | None = None

    @property
    def is_admin(self) -> bool:
        return self.user_id is None

    def owns(self, program_id: ProgramID) -> bool:
        """Told by the id alone, so that what exists and what does not are refused alike, and as fast."""
        return self.user_id is None or program_id.user_id == self.user_id


LOCAL = Principal("local")
"""Whoever calls a Host in its own process, or reaches one that authenticates nobody."""

HOST = Principal("host")
"""The Host itself: what its sweeps and its closing ask for."""


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
