"""Follows BuildKit's plain progress output, to tell in the end which step failed and what it had printed.

Steps run beside each other; every line of a step begins with its number: ``#7 0.142 what it printed``.
"""

import re
from collections import deque

from hershy.errors import BuildError

from .causes import cause

TAIL_LINES = 30
FOLLOWED_STEPS = 64
"""Of so many steps, those that printed last, the lines are kept."""
MESSAGE_CHARS = 1000

_STEP_LINE = re.compile(r"#\d+ ")
_FINAL_ERROR = re.compile(r"ERROR: (?:failed to solve: )?(.+)")


class BuildKitOutput:
    def __init__(self) -> None:
        self._steps: dict[str, deque[str]] = {}
        self._failed_step: deque[str] | None = None
        self._newest: deque[str] = deque(maxlen=TAIL_LINES)
        self._message: str | None = None

    def add(self, line: str) -> None:
        if line:
            self._newest.append(line)
        if match := _STEP_LINE.match(line):
            self._add_to_step(match[0], line)
        elif match := _FINAL_ERROR.fullmatch(line):
            self._message = match[1][:MESSAGE_CHARS]  # the last one: a summary before it may quote such a line

    def failure(self, code: int) -> BuildError:
        """What to raise when the tool has ended with ``code``: the failing step's lines, if it was a step."""
        message = f"docker-buildx ended with {code}" if self._message is None else cause(self._message)
        return BuildError(message, self._failed_step or self._newest)

    def _add_to_step(self, number: str, line: str) -> None:
        lines = self._steps.pop(number, None) or deque(maxlen=TAIL_LINES)
        lines.append(line)
        self._steps[number] = lines
        if len(self._steps) > FOLLOWED_STEPS:
            del self._steps[next(iter(self._steps))]
        if self._failed_step is None and line.startswith(f"{number}ERROR: "):
            self._failed_step = lines
