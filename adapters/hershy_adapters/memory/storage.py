"""Folders of programs that exist in memory only; ``state`` paths are names, nothing is written to disk."""

import secrets
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import replace

from hershy.builds.spec import BuildSpec
from hershy.core.adapter import AdapterContext
from hershy.core.ids import OwnerID, ProgramID
from hershy.errors import AlreadyExists, ProgramNotFound
from hershy.programs.ports.storage import LogKind, ProgramLog, StateUsage, StateVolume, Storage

MAX_LOG_LINES = 100_000

_NOTHING = StateUsage(0, 0)

_Logs = dict[tuple[ProgramID, LogKind], deque[str]]


class InMemoryStorage(Storage):
    """``states`` is what each program has in its ``state``, for tests to set: a program here writes nothing."""

    def __init__(self, max_log_lines: int = MAX_LOG_LINES) -> None:
        self.states: dict[ProgramID, StateUsage] = {}
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

    async def prepare_state(self, program_id: ProgramID) -> StateVolume:
        return StateVolume(f"/memory/{program_id}/state")

    async def state_usage(self, program_id: ProgramID, most_entries: int) -> StateUsage:
        usage = self.states.get(program_id, _NOTHING)
        return replace(usage, entries=min(usage.entries, most_entries + 1))

    def log(self, program_id: ProgramID, kind: LogKind) -> ProgramLog:
        return _Log(self._logs, (program_id, kind))

    async def delete(self, program_id: ProgramID, *, unless_used: bool = False) -> bool:
        is_used = program_id in self.states or any(self._logs.get((program_id, kind)) for kind in LogKind)
        if unless_used and is_used:
            return False
        self._sources.pop(program_id, None)
        self.states.pop(program_id, None)
        for kind in LogKind:
            self._logs.pop((program_id, kind), None)
        return True

    async def list_programs(self) -> Sequence[ProgramID]:
        return sorted(self._sources)


class _Log(ProgramLog):
    def __init__(self, logs: _Logs, key: tuple[ProgramID, LogKind]) -> None:
        self._logs = logs
        self._key = key

    async def start(self) -> None:
        self._logs.pop(self._key, None)

    def append(self, lines: Sequence[str]) -> None:
        self._logs[self._key].extend(lines)

    async def read(self, tail: int | None) -> Sequence[str]:
        lines = list(self._logs.get(self._key, ()))
        return lines if tail is None else lines[max(0, len(lines) - tail) :]


def create(context: AdapterContext) -> InMemoryStorage:
    return InMemoryStorage()
