"""Brings a database's schema to the newest revision, once, whoever else is about to."""

from pathlib import Path
from typing import cast

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hershy.errors import ConfigurationError

from ._schema import VERSION_TABLE

_FOLDER = Path(__file__).parent
_LOCK = int.from_bytes(b"hershy")
"""The advisory lock that Hosts on one PostgreSQL database take while they look at its schema."""


def revisions() -> ScriptDirectory:
    return ScriptDirectory(str(_FOLDER), version_locations=[str(_FOLDER / "migrations")])


async def migrate(connection: AsyncConnection, target: str = "head") -> None:
    """Apply what is missing, all or nothing, in the transaction that ``connection`` is in.

    Raises ConfigurationError when the database is at a revision that is not among ours.
    """
    if connection.dialect.name == "postgresql":  # on SQLite the transaction itself keeps others out
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    await connection.run_sync(_upgrade, target)


def _upgrade(connection: Connection, target: str) -> None:
    scripts = revisions()

    def steps(current: tuple[str, ...], _context: MigrationContext) -> object:
        _require_known(scripts, current)
        # What alembic's own `upgrade` is made of. It says str and means the heads there are.
        return scripts._upgrade_revs(target, cast("str", current))

    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "fn": steps})
    # Handed to each revision: alembic's `op` is one per process, and would mix up two Hosts that open at once.
    context.run_migrations(op=Operations(context))


def _require_known(scripts: ScriptDirectory, current: tuple[str, ...]) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    unknown = ", ".join(revision for revision in current if revision not in known)
    if unknown:
        raise ConfigurationError(
            f"the database is at schema revision {unknown}, which this hershy does not know",
            remedy="install the newer hershy that wrote it, or restore the backup from before the upgrade",
        )
