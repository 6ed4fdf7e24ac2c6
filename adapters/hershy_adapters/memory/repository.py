"""Registered programs in a dictionary. Snapshots are immutable, so what is stored cannot be changed from outside."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from hershy.core.adapter import AdapterContext
from hershy.core.ids import ProgramID, UserID
from hershy.errors import AlreadyExists, ProgramNotFound, StaleVersion
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import Program
from hershy.programs.ports.repository import ProgramFilter, Record, Repository


class InMemoryRepository(Repository):
    durable = False

    def __init__(self) -> None:
        self._programs: dict[ProgramID, Program] = {}
        self._journal: list[JournalEntry] = []
        self._last_id = 0

    async def add(self, records: Sequence[Record]) -> Sequence[Record]:
        ids = [it.program.id for it in records]
        taken = next((it for it in ids if it in self._programs or ids.count(it) > 1), None)
        if taken is not None:
            raise AlreadyExists(f"program {taken} is registered already")
        return [self._store(replace(it.program, version=1), it.entry) for it in records]

    async def get(self, program_id: ProgramID) -> Program:
        try:
            return self._programs[program_id]
        except KeyError:
            raise ProgramNotFound(program_id) from None

    async def save(self, record: Record) -> Record:
        program = record.program
        stored = await self.get(program.id)
        if stored.version != program.version:
            raise StaleVersion(
                f"program {program.id} is at version {stored.version} by now, not {program.version}",
                remedy="read it again",
            )
        return self._store(replace(program, version=program.version + 1), record.entry)

    async def list(self, matching: ProgramFilter = ProgramFilter()) -> Sequence[Program]:
        found = [program for program in self._programs.values() if matching.matches(program)]
        return sorted(found, key=lambda program: (program.created_at, program.id))

    async def remove(self, entry: JournalEntry) -> JournalEntry:
        self._programs.pop(entry.program_id, None)
        return self._append(entry)

    async def journal(
        self, program_id: ProgramID | None = None, *, after: int | None = None, limit: int = 200
    ) -> Sequence[JournalEntry]:
        entries = (it for it in self._journal if program_id in (None, it.program_id))
        if after is None:
            return tuple(deque(entries, maxlen=limit))
        return tuple(islice((it for it in entries if it.id > after), limit))

    async def prune_journal(self, before: datetime, keep: int, keep_gone: int) -> int:
        seen: Counter[ProgramID] = Counter()
        gone: Counter[UserID] = Counter()
        kept: list[JournalEntry] = []
        for entry in reversed(self._journal):
            seen[entry.program_id] += 1
            if entry.program_id in self._programs:
                is_kept = seen[entry.program_id] <= keep
            else:
                user_id = entry.program_id.user_id
                gone[user_id] += 1
                is_kept = entry.at >= before and gone[user_id] <= keep_gone
            if is_kept:
                kept.append(entry)
        dropped = len(self._journal) - len(kept)
        self._journal = kept[::-1]
        return dropped

    async def aclose(self) -> None:
        """Nothing to release."""

    def _store(self, program: Program, entry: JournalEntry) -> Record:
        self._programs[program.id] = program
        return Record(program, self._append(entry))

    def _append(self, entry: JournalEntry) -> JournalEntry:
        self._last_id += 1
        numbered = replace(entry, id=self._last_id)
        self._journal.append(numbered)
        return numbered


def create(context: AdapterContext) -> InMemoryRepository:
    return InMemoryRepository()
