"""From every revision of the schema to the newest, and no further."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import BuildID, ContainerID, ImageID, ProgramID, PublishPort, UserID
from hershy.core.resources import MIB, ResourceLimits
from hershy.errors import ConfigurationError, RepositoryUnavailable
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import DesiredState, Program, ProgramOptions
from hershy.programs.domain.restart import RestartHistory, RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState
from hershy.testing.contracts._samples import sample_program, sample_record
from hershy_adapters.sql._migration import migrate, revisions
from hershy_adapters.sql._schema import METADATA, VERSION_TABLE
from hershy_adapters.sql._sqlite import sqlite_engines

from .databases import OWNER, opened, sql

REVISIONS = [script.revision for script in revisions().walk_revisions()]
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

# As revision 0001 wrote them, to be read for ever. Never to be brought up to date.
DETAILS_0001 = {
    "build_args": {"BASE": "x"},
    "options": {
        "env": {"A": "1"},
        "labels": {"team": "7"},
        "resources": {"cpus": 0.5, "memory_bytes": 67108864, "pids": 10, "open_files": 20, "log_bytes": 1048576},
        "restart_policy": {
            "mode": "on-failure",
            "base_delay": "PT1.5S",
            "max_delay": "PT1H",
            "max_restarts": 9,
            "window": "P1Y35DT0.000001S",
            "stable_after": "PT30S",
        },
        "health_check": {"path": "/alive", "interval": "PT1M30S", "timeout": "PT0.25S", "failures": 7},
        "ttl": "P3DT0.000001S",
        "idle_timeout": None,
    },
    "epoch": 7,
    "image_id": "sha256:abc",
    "container_id": "c0ffee",
    "container_started_at": "2026-01-02T03:04:05.678901Z",
    "exit_reason": {"kind": "signal", "code": 137},
    "restarts": {"restarts": ["2026-01-02T03:04:05.678901Z"], "streak": 2, "count": 11},
    "next_restart_at": "2026-01-02T03:04:05.678901Z",
    "is_healthy": True,
    "state_since": "2026-01-02T03:04:05.678901Z",
    "error_msg": "line\n\x00",
}
PROGRAM_0001 = Program(
    id=ProgramID("alice-build-0123456789ab-00000001"),
    user_id=UserID("alice"),
    build_id=BuildID("build-0123456789ab"),
    publish_port=PublishPort(19001),
    created_at=AT,
    updated_at=AT,
    build_args={"BASE": "x"},
    options=ProgramOptions(
        env={"A": "1"},
        labels={"team": "7"},
        resources=ResourceLimits(0.5, 64 * MIB, 10, 20, MIB),
        restart_policy=RestartPolicy(
            RestartMode.ON_FAILURE,
            timedelta(seconds=1.5),
            timedelta(hours=1),
            9,
            timedelta(days=400, microseconds=1),
            timedelta(seconds=30),
        ),
        health_check=HealthCheck("/alive", timedelta(seconds=90), timedelta(seconds=0.25), 7),
        ttl=timedelta(days=3, microseconds=1),
    ),
    state=ProgramState.ERROR,
    desired=DesiredState.RUNNING,
    epoch=7,
    image_id=ImageID("sha256:abc"),
    container_id=ContainerID("c0ffee"),
    container_started_at=AT,
    exit_reason=ExitReason(ExitKind.SIGNAL, 137),
    error_msg="line\n\0",
    restarts=RestartHistory((AT,), 2, 11),
    next_restart_at=AT,
    is_healthy=True,
    state_since=AT,
    version=5,
)
ENTRY_0001 = JournalEntry(
    PROGRAM_0001.id, AT, "exited", ProgramState.READY, ProgramState.ERROR, "why", ExitReason(ExitKind.CODE, 1), 3
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hershy.db"


async def migrate_to(path: Path, revision: str) -> None:
    engines = sqlite_engines(path, timedelta(seconds=10))
    try:
        async with engines.writer.begin() as connection:
            await migrate(connection, revision)
    finally:
        await engines.dispose()


@pytest.mark.parametrize("revision", REVISIONS)
async def test_from_each_revision_to_the_newest(path: Path, revision: str) -> None:
    """A database left at an earlier revision is brought up to date at first use, and works."""
    await migrate_to(path, revision)
    assert sql(path, f"SELECT * FROM {VERSION_TABLE}") == [(revision,)]
    async with opened(path) as repository:
        (record,) = await repository.add([sample_record(sample_program())])
        assert await repository.get(record.program.id) == record.program
    assert sql(path, f"SELECT * FROM {VERSION_TABLE}") == [(REVISIONS[0],)]


async def test_what_the_first_revision_wrote_is_read(path: Path) -> None:
    """A program and an entry as they were written then come out with every field."""
    await migrate_to(path, "0001")
    insert_0001(path, DETAILS_0001)
    async with opened(path) as repository:
        assert list(await repository.list()) == [PROGRAM_0001]
        assert list(await repository.journal()) == [ENTRY_0001]


async def test_fields_may_come_and_go(path: Path) -> None:
    """A row without the fields that were added later gets their defaults; fields of the future are left out."""
    await migrate_to(path, "0001")
    insert_0001(path, {"options": {"env": {"A": "1"}, "future": 1}, "future": [1]})
    async with opened(path) as repository:
        (program,) = await repository.list()
    assert program.options == ProgramOptions(env={"A": "1"})
    assert (program.restarts, program.is_healthy, program.error_msg) == (RestartHistory(), None, "")
    assert program.state_since == program.created_at


async def test_migrations_make_the_schema(path: Path) -> None:
    """What the revisions make is what the code believes there to be."""

    def differences(connection: Connection) -> Sequence[object]:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return [it for it in compare_metadata(context, METADATA) if "sqlite_sequence" not in str(it)]

    engines = sqlite_engines(path, timedelta(seconds=10))
    async with engines.writer.begin() as connection:
        await migrate(connection)
        assert await connection.run_sync(differences) == []
    await engines.dispose()
    assert "AUTOINCREMENT" in sql(path, "SELECT sql FROM sqlite_master WHERE name = 'hershy_journal'")[0][0]


async def test_an_unknown_revision_is_refused(path: Path) -> None:
    """A database of a newer hershy is left alone; the error says what to do."""
    await migrate_to(path, "head")
    sql(path, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    async with opened(path) as repository:
        with pytest.raises(ConfigurationError, match=r"revision 9999.*install the newer hershy"):
            await repository.list()
    assert sql(path, f"SELECT * FROM {VERSION_TABLE}") == [("9999",)]


async def test_a_migration_is_whole_or_nothing(path: Path) -> None:
    """Tables that are in the way stop it halfway: nothing of it stays, and it succeeds once they are gone."""
    sql(path, "CREATE TABLE hershy_journal (something)")
    async with opened(path) as repository:
        with pytest.raises(RepositoryUnavailable, match="hershy_journal already exists"):
            await repository.list()
        assert [name for (name,) in sql(path, "SELECT name FROM sqlite_master")] == ["hershy_journal"]
        sql(path, "DROP TABLE hershy_journal")
        assert list(await repository.list()) == []


async def test_several_open_at_once(tmp_path: Path) -> None:
    """Hosts that open one database, or several, at the same time in one process do not get in each other's way."""

    async def use(path: Path) -> None:
        async with opened(path) as repository:
            assert list(await repository.list()) == []

    await asyncio.gather(*(use(tmp_path / name) for name in ("a.db", "b.db", "a.db", "b.db", "c.db")))


def insert_0001(path: Path, details: object) -> None:
    at = "2026-01-02 03:04:05.678901"
    program = (str(OWNER), str(PROGRAM_0001.id), "alice", "build-0123456789ab", 19001, "Error", "Running", 5, at, at)
    sql(path, f"INSERT INTO hershy_programs VALUES ({'?, ' * 10} ?)", *program, json.dumps(details))
    told = json.dumps({"detail": "why", "exit_reason": {"kind": "code", "code": 1}})
    entry = (3, str(OWNER), str(PROGRAM_0001.id), at, "exited", "Ready", "Error", told)
    sql(path, f"INSERT INTO hershy_journal VALUES ({'?, ' * 7} ?)", *entry)
