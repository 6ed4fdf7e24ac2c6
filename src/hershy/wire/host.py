"""What the HTTP API says of the Host itself, and of what it refuses."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """Any answer of 400 and above. ``error`` is the HTTP reason phrase, ``code`` the status."""

    error: str
    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Alive:
    """The Host serves."""

    status: str = "ok"


@dataclass(frozen=True, slots=True)
class Checks:
    """``ok``, or what is wrong."""

    engine: str
    repository: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """Where something is wrong, ``status`` is ``unavailable``, and the fields of every refusal are there too."""

    status: str
    checks: Checks
