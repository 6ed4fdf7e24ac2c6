"""What the HTTP API says of the Host itself, and of what it refuses."""

from dataclasses import dataclass
from typing import Annotated

from .plan import About


@dataclass(frozen=True, slots=True)
class Refused:
    """Any answer of 400 and above. ``error`` is the HTTP reason phrase, ``code`` the status.

    Which error of ``hershy.errors`` it is, the header ``Hershy-Error`` tells beside it (``error_header``).
    """

    error: str
    code: int
    message: str
    detail: Annotated[str | None, About("which one, in which state")] = None
    remedy: Annotated[str | None, About("what to do")] = None


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
