"""Folders of programs that exist in memory only; ``state`` paths are names, nothing is written to disk."""

import secrets
from collections import defaultdict, deque
from collections.abc import Sequence
from pathlib import Path

from hershy.builds.spec import BuildSpec
from hershy.core.adapter import AdapterContext
from hershy.core.ids import OwnerID, ProgramID
from hershy.errors import AlreadyExists, ProgramNotFound
from hershy.programs.ports.storage import LogKind, Storage

MAX_LOG_LINES = 100_000

_Logs = dict[tuple[ProgramID, LogKind], deque[str]]


class InMemoryStorage(Storage):
    """``compose`` holds what was last written for each program, for tests to look at.

    ``state_bytes`` is what each program has in its ``state``, for tests to set: a program here writes nothing.
    """

    def __init__(self, max_log_lines: int = MAX_LOG_LINES) -> None:
        self.compose: dict[ProgramID, str] = {}
        self.state_bytes: dict[ProgramID, int] = {}
        self._owner = OwnerID(secrets.token_hex(8))
        self._sources: dict[ProgramID, BuildSpec] = {}
        self._logs: _Logs = defaultdict(lambda: deque(maxlen=max_log_lines))

    async def claim(self) -> OwnerID:
        return self._owner

    async def identity(self) -> OwnerID:
        return self._owner

    async def write_sources(self, program_id: ProgramID, spec: BuildSpec) -> None:
        if program_id in self._sources:
            raise AlreadyExists(f"program {program_id} has folders already")
        self._sources[program_id] = spec

    async def read_sources(self, program_id: ProgramID) -> BuildSpec:
        try:
            return self._sources[program_id]
        except KeyError:
            raise ProgramNotFound(program_id) from None

    async def prepare_state(self, program_id: ProgramID) -> Path:
        return Path("/memory") / str(program_id) / "state"

    async def write_compose(self, program_id: ProgramID, text: str) -> None:
        self.compose[program_id] = text

    async def state_size(self, program_id: ProgramID) -> int:
        return self.state_bytes.get(program_id, 0)

    async def start_log(self, program_id: ProgramID, kind: LogKind) -> None:
        self._logs.pop((program_id, kind), None)

    def append_log(self, program_id: ProgramID, kind: LogKind, lines: Sequence[str]) -> None:
        self._logs[program_id, kind].extend(lines)

    async def read_log(self, program_id: ProgramID, kind: LogKind, tail: int | None) -> Sequence[str]:
        lines = list(self._logs.get((program_id, kind), ()))
        return lines if tail is None else lines[max(0, len(lines) - tail) :]

    async def delete(self, program_id: ProgramID) -> None:
        self._sources.pop(program_id, None)
        self.compose.pop(program_id, None)
        self.state_bytes.pop(program_id, None)
        for kind in LogKind:
            self._logs.pop((program_id, kind), None)

    async def discard_unused(self, program_id: ProgramID) -> bool:
        if self.state_bytes.get(program_id) or any(self._logs.get((program_id, kind)) for kind in LogKind):
            return False
        await self.delete(program_id)
        return True

    async def list_programs(self) -> Sequence[ProgramID]:
        return sorted(self._sources)

    async def aclose(self) -> None:
        """Nothing to release."""


def create(context: AdapterContext) -> InMemoryStorage:
    return InMemoryStorage()
