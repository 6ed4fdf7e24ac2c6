"""What a life has told before its end."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hershy.programs.domain.state import ProgramState

from .life import OUTCOMES

NOTHING_ASKED = "nothing"
_OUTCOMES = {NOTHING_ASKED: None, **OUTCOMES}


@dataclass(frozen=True)
class Story:
    """``asked`` is the last step that was begun, ``acknowledged`` the last one that was answered; ``port`` the one on
    which it has been Ready.
    """

    asked: str
    acknowledged: str
    created: str | None
    port: int | None

    @classmethod
    def read(cls, told: Path) -> "Story":
        lines: list[dict[str, Any]] = []
        if told.exists():
            lines = [json.loads(line) for line in told.read_text().splitlines()]
        last: dict[str, Any] = {}
        for line in lines:
            last.update(line)
        nothing = NOTHING_ASKED
        return cls(last.get("asked", nothing), last.get("acknowledged", nothing), last.get("created"), last.get("port"))

    @property
    def was_ready(self) -> bool:
        return self.acknowledged not in (NOTHING_ASKED, "create")

    @property
    def allowed(self) -> set[ProgramState | None]:
        """Where the program may end up: where the last acknowledged step leads, or the one that was begun since."""
        return {_OUTCOMES[self.acknowledged], _OUTCOMES[self.asked]}
