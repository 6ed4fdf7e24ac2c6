"""Registered programs in a dictionary. Snapshots are immutable, so what is stored cannot be changed from outside."""

from collections.abc import Sequence
from dataclasses import replace

from hershy.domain.errors import AlreadyExists, ProgramNotFound, StaleVersion
from hershy.domain.ids import ProgramID
from hershy.domain.program import Program
from hershy.ports.adapter import AdapterContext
from hershy.ports.repository import ProgramFilter, Repository


class InMemoryRepository(Repository):
    durable = False

    def __init__(self) -> None:
        self._programs: dict[ProgramID, Program] = {}

    async def add(self, program: Program) -> Program:
        if program.id in self._programs:
            raise AlreadyExists(f"program {program.id} is registered already")
        return self._store(replace(program, version=1))

    async def get(self, program_id: ProgramID) -> Program:
        try:
            return self._programs[program_id]
        except KeyError:
            raise ProgramNotFound(program_id) from None

    async def save(self, program: Program) -> Program:
        stored = await self.get(program.id)
        if stored.version != program.version:
            raise StaleVersion(
                f"program {program.id} is at version {stored.version} by now, not {program.version}; read it again"
            )
        return self._store(replace(program, version=program.version + 1))

    async def list(self, matching: ProgramFilter = ProgramFilter()) -> Sequence[Program]:
        found = [program for program in self._programs.values() if matching.matches(program)]
        return sorted(found, key=lambda program: (program.created_at, program.id))

    async def remove(self, program_id: ProgramID) -> None:
        self._programs.pop(program_id, None)

    async def aclose(self) -> None:
        """Nothing to release."""

    def _store(self, program: Program) -> Program:
        self._programs[program.id] = program
        return program


def create(context: AdapterContext) -> InMemoryRepository:
    return InMemoryRepository()
