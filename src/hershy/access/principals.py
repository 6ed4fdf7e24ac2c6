"""Who asks, and what that gives a right to: the one place where it is decided who may do what.

What callers use (``Access`` of a Host, ``SandboxAccess`` of a sandbox) asks a Principal, and decides nothing itself.
"""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum

from hershy.core.ids import ProgramID, UserID
from hershy.errors import Forbidden, ProgramNotFound


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

    def own(self, program_id: ProgramID) -> ProgramID:
        """The id, if it is of a program of the caller's; others do not exist. Raises ProgramNotFound."""
        if not self.owns(program_id):
            raise ProgramNotFound(program_id)
        return program_id

    def require_own_user(self, user_id: UserID) -> None:
        """Raises Forbidden for a program that is to be another user's."""
        if self.user_id not in (None, user_id):
            raise Forbidden(
                f"user_id: this token is for user {self.user_id}",
                remedy="to register a program of another user's takes that user's token, or an admin's",
            )

    def require_admin(self, subject: str) -> None:
        """Raises Forbidden, saying what ``subject`` tells of all users, unless the caller may do everything."""
        if not self.is_admin:
            raise Forbidden(subject, remedy="ask with an admin's token")

    @property
    def share(self) -> UserID | None:
        """Whose share of the sandbox the caller's runs count towards; None for one that has no share but the whole.

        Whoever is let in may run code; no user may take the slots of the others.
        """
        return self.user_id


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
