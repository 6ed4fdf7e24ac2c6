"""Programs and their journal in SQL, scoped by the Host that owns them: several may share one database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from hershy.core.adapter import AdapterContext
from hershy.core.ids import OwnerID, ProgramID
from hershy.errors import AlreadyExists, ProgramNotFound, StaleVersion
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import Program
from hershy.programs.ports.repository import ProgramFilter, Record, Repository

from ._codec import entry_of, entry_row, program_of, program_row
from ._engines import Engines
from ._pruning import PRUNED_AT_ONCE, surplus
from ._schema import JOURNAL, PROGRAMS
from ._sharing import DatabaseShare
from ._url import engines_for

DEADLINE = timedelta(seconds=10)
"""How long a database may take to connect, to answer, or to give a writer its turn."""


class SqlRepository(Repository):
    """See ``Database`` for what writing, waiting and being cancelled mean here."""

    durable = True

    def __init__(self, engines: Engines, owner: OwnerID, deadline: timedelta = DEADLINE) -> None:
        self._database = DatabaseShare(engines, deadline)
        self._owner = owner

    async def add(self, records: Sequence[Record]) -> Sequence[Record]:
        new = [replace(it, program=replace(it.program, version=1)) for it in records]
        ids = [str(it.program.id) for it in new]

        async def work(connection: AsyncConnection) -> Sequence[Record]:
            taken = (await connection.scalars(select(PROGRAMS.c.id).where(self._is_mine(*ids)))).first()
            taken = taken or next((it for it in ids if ids.count(it) > 1), None)
            if taken is not None:
                raise AlreadyExists(f"program {taken} is registered already")
            try:
                await connection.execute(insert(PROGRAMS), [program_row(self._owner, it.program) for it in new])
            except IntegrityError as error:
                ports = ", ".join(str(it.program.publish_port) for it in new)
                raise AlreadyExists(f"another program has a publish port of these already: {ports}") from error
            entries = await self._append(connection, [it.entry for it in new])
            return [replace(it, entry=entry) for it, entry in zip(new, entries, strict=True)]

        return await self._database.write(f"registering {', '.join(ids[:3])}", work) if new else []

    async def get(self, program_id: ProgramID) -> Program:
        async def work(connection: AsyncConnection) -> Program:
            rows = await connection.execute(select(PROGRAMS).where(self._is_mine(str(program_id))))
            row = rows.mappings().one_or_none()
            if row is None:
                raise ProgramNotFound(program_id)
            return program_of(row)

        return await self._database.read(f"reading {program_id}", work)

    async def save(self, record: Record) -> Record:
        before = record.program
        program = replace(before, version=before.version + 1)

        async def work(connection: AsyncConnection) -> Record:
            it, is_current = self._is_mine(str(program.id)), PROGRAMS.c.version == before.version
            row = program_row(self._owner, program)
            saved = await connection.execute(update(PROGRAMS).where(it, is_current).values(row))
            if saved.rowcount != 1:
                stored = await connection.scalar(select(PROGRAMS.c.version).where(it))
                if stored is None:
                    raise ProgramNotFound(program.id)
                raise StaleVersion(
                    f"program {program.id} is at version {stored} by now, not {before.version}", remedy="read it again"
                )
            (entry,) = await self._append(connection, [record.entry])
            return Record(program, entry)

        return await self._database.write(f"saving {program.id}", work)

    async def list(self, matching: ProgramFilter = ProgramFilter()) -> Sequence[Program]:
        wanted = select(PROGRAMS).where(PROGRAMS.c.owner == str(self._owner))
        for column, value in (
            (PROGRAMS.c.user_id, matching.user_id),
            (PROGRAMS.c.state, matching.state),
            (PROGRAMS.c.build_id, matching.build_id),
        ):
            if value is not None:
                wanted = wanted.where(column == str(value))

        async def work(connection: AsyncConnection) -> Sequence[Program]:
            rows = await connection.execute(wanted.order_by(PROGRAMS.c.created_at, PROGRAMS.c.id))
            programs = (program_of(row) for row in rows.mappings())
            # Labels and text here and not in SQL: databases differ in how they look into JSON, and programs are few.
            return [it for it in programs if matching.matches(it)]

        return await self._database.read("listing programs", work)

    async def remove(self, entry: JournalEntry) -> JournalEntry:
        async def work(connection: AsyncConnection) -> JournalEntry:
            await connection.execute(delete(PROGRAMS).where(self._is_mine(str(entry.program_id))))
            (appended,) = await self._append(connection, [entry])
            return appended

        return await self._database.write(f"removing {entry.program_id}", work)

    async def journal(
        self, program_id: ProgramID | None = None, *, after: int | None = None, limit: int = 200
    ) -> Sequence[JournalEntry]:
        wanted = select(JOURNAL).where(JOURNAL.c.owner == str(self._owner)).limit(limit)
        if program_id is not None:
            wanted = wanted.where(JOURNAL.c.program_id == str(program_id))
        if after is None:
            wanted = wanted.order_by(JOURNAL.c.id.desc())
        else:
            wanted = wanted.where(JOURNAL.c.id > after).order_by(JOURNAL.c.id)

        async def work(connection: AsyncConnection) -> Sequence[JournalEntry]:
            entries = [entry_of(row) for row in (await connection.execute(wanted)).mappings()]
            return entries[::-1] if after is None else entries

        return await self._database.read(f"reading the journal of {program_id or 'all programs'}", work)

    async def prune_journal(self, before: datetime, keep: int, keep_gone: int) -> int:
        """In transactions of 10 000 entries, others' writes in between; a cancelled call may have dropped some."""

        async def find(connection: AsyncConnection) -> Sequence[int]:
            return (await connection.scalars(surplus(self._owner, before, keep, keep_gone))).all()

        async def drop(connection: AsyncConnection) -> int:
            return (await connection.execute(delete(JOURNAL).where(JOURNAL.c.id.in_(ids)))).rowcount

        dropped = 0
        while ids := await self._database.read("looking for old journal entries", find):
            dropped += await self._database.write("dropping old journal entries", drop)
            if len(ids) < PRUNED_AT_ONCE:
                break
        return dropped

    async def aclose(self) -> None:
        await self._database.aclose()

    def _is_mine(self, *ids: str) -> ColumnElement[bool]:
        return and_(PROGRAMS.c.owner == str(self._owner), PROGRAMS.c.id.in_(ids))

    async def _append(self, connection: AsyncConnection, entries: Sequence[JournalEntry]) -> Sequence[JournalEntry]:
        numbering = insert(JOURNAL).returning(JOURNAL.c.id, sort_by_parameter_order=True)
        ids = (await connection.scalars(numbering, [entry_row(self._owner, it) for it in entries])).all()
        return [replace(entry, id=given) for entry, given in zip(entries, ids, strict=True)]


def create(context: AdapterContext) -> SqlRepository:
    """Options: ``database_url``. Raises ConfigurationError for one that cannot be used."""
    engines = engines_for(context.setting("database_url", str), context.storage_root, DEADLINE)
    return SqlRepository(engines, context.owner)
