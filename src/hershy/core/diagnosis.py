"""Requirement: one thing an adapter needs from the machine, and how to mend it when it is missing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requirement:
    """``required``: a Host refuses to start while this is not ``ok``. ``remedy``: the command that mends it."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    required: bool = True
