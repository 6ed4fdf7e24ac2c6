"""SqlRepository on a real PostgreSQL server."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote, urlsplit

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from hershy.core.ids import OwnerID
from hershy.errors import AlreadyExists, ConfigurationError, ProgramNotFound, RepositoryUnavailable
from hershy.testing.contracts._samples import sample_program, sample_record
from hershy.testing.contracts.repository import RepositoryContract
from hershy.testing.contracts.tokens import TokensContract
from hershy_adapters.sql._migration import migrate
from hershy_adapters.sql._postgresql import postgresql_engines
from hershy_adapters.sql._schema import METADATA, VERSION_TABLE
from hershy_adapters.sql.repository import SqlRepository
from hershy_adapters.sql.tokens import SqlTokens

from .postgres import PASSWORD, PostgresServer, running_postgres

OWNER, OTHER = OwnerID("0" * 15 + "1"), OwnerID("0" * 15 + "2")
DEADLINE = timedelta(seconds=10)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def shared_url(server: PostgresServer) -> str:
    return server.new_database()


@pytest.fixture
def url(server: PostgresServer) -> str:
    return server.new_database()


@pytest.fixture
async def repository(url: str) -> AsyncIterator[SqlRepository]:
    repository = opened(url)
    yield repository
    await repository.aclose()


def opened(url: str, owner: OwnerID = OWNER, deadline: timedelta = DEADLINE) -> SqlRepository:
    return SqlRepository(postgresql_engines(url, deadline), owner, deadline)


class TestSqlTokensOnPostgresql(TokensContract):
    @pytest.fixture
    async def tokens(self, shared_url: str) -> AsyncIterator[SqlTokens]:
        tokens = SqlTokens(postgresql_engines(shared_url, DEADLINE), OwnerID(secrets.token_hex(8)))
        yield tokens
        await tokens.aclose()


class TestSqlRepositoryOnPostgresql(RepositoryContract):
    """All in one database, each test as a Host of its own: what the others have left is not seen."""

    @pytest.fixture
    async def repository(self, shared_url: str) -> AsyncIterator[SqlRepository]:
        repository = opened(shared_url, OwnerID(secrets.token_hex(8)))
        yield repository
        await repository.aclose()


async def test_two_hosts_share_a_database_without_meeting(repository: SqlRepository, url: str) -> None:
    """Same ids and ports, other owners: each sees, changes, removes and prunes its own only."""
    other = opened(url, OTHER)
    try:
        # Both at once: one brings the schema, the other waits for it.
        (mine,), (theirs,) = await asyncio.gather(
            *(it.add([sample_record(sample_program())]) for it in (repository, other))
        )
        saved = await other.save(sample_record(replace(theirs.program, error_msg="theirs")))
        assert await repository.get(mine.program.id) == mine.program
        await repository.remove(mine.entry)
        with pytest.raises(ProgramNotFound):
            await repository.get(mine.program.id)
        assert await other.get(theirs.program.id) == saved.program
        assert [it.id for it in await other.journal()] == [theirs.entry.id, saved.entry.id]
        assert [it.id for it in await repository.journal()][:1] == [mine.entry.id]
        await repository.prune_journal(sample_program().created_at + timedelta(days=1), keep=0, keep_gone=0)
        assert list(await repository.journal()) == []
        assert len(await other.journal()) == 2
    finally:
        await other.aclose()


async def test_migrations_make_the_schema(url: str) -> None:
    """What the revisions make is what the code believes there to be."""

    def differences(connection: Connection) -> Sequence[object]:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return compare_metadata(context, METADATA)

    engines = postgresql_engines(url, DEADLINE)
    async with engines.writer.begin() as connection:
        await migrate(connection)
        assert await connection.run_sync(differences) == []
    await engines.dispose()


async def test_a_port_belongs_to_one_program(repository: SqlRepository) -> None:
    """A second program on the publish port is refused with all that came along; the next write finds no trace."""
    await repository.add([sample_record(sample_program(1))])
    rival = sample_program(2, publish_port=sample_program(1).publish_port)
    with pytest.raises(AlreadyExists, match="19002"):
        await repository.add([sample_record(sample_program(3)), sample_record(rival)])
    await repository.add([sample_record(sample_program(2)), sample_record(sample_program(3))])


async def test_the_server_goes_and_comes_back(server: PostgresServer, repository: SqlRepository) -> None:
    """While it is away everything is unavailable; afterwards the first request succeeds, and nothing is lost."""
    (record,) = await repository.add([sample_record(sample_program())])
    server.stop()
    try:
        for _ in range(2):
            with pytest.raises(RepositoryUnavailable, match="is the server running"):
                await repository.save(sample_record(record.program))
            with pytest.raises(RepositoryUnavailable, match="is the server running"):
                await repository.list()
    finally:
        server.start()
    assert list(await repository.list()) == [record.program]
    saved = await repository.save(sample_record(record.program))
    assert saved.entry.id > record.entry.id
    server.stop()
    server.start()
    assert await repository.get(record.program.id) == saved.program
    assert (await repository.save(sample_record(saved.program))).program.version == 3


async def test_a_server_that_is_away_at_first_is_waited_for(server: PostgresServer, url: str) -> None:
    """The schema is brought with the first request that finds the server."""
    repository = opened(url)
    server.stop()
    try:
        with pytest.raises(RepositoryUnavailable):
            await repository.list()
    finally:
        server.start()
    assert list(await repository.list()) == []
    await repository.aclose()


async def test_an_answer_that_does_not_come_is_given_up(server: PostgresServer, url: str) -> None:
    """A statement that waits for a lock ends at the deadline; the next one works once the lock is gone."""
    repository = opened(url, deadline=timedelta(seconds=1))
    (record,) = await repository.add([sample_record(sample_program())])
    database = urlsplit(url).path.removeprefix("/")
    with locked(server, database):
        with pytest.raises(RepositoryUnavailable, match="no answer in time"):
            await repository.save(sample_record(record.program))
        with pytest.raises(RepositoryUnavailable, match="no answer in time"):
            await repository.get(record.program.id)
    assert (await repository.save(sample_record(record.program))).program.version == 2
    await repository.aclose()


async def test_errors_say_what_the_server_says(server: PostgresServer, repository: SqlRepository, url: str) -> None:
    """In its words, without the names of Python's classes in between."""
    await repository.list()
    server.sql("ALTER TABLE hershy_journal RENAME TO elsewhere", urlsplit(url).path.removeprefix("/"))
    with pytest.raises(RepositoryUnavailable, match=r'failed \(relation "hershy_journal" does not exist\)'):
        await repository.journal()


async def test_a_wrong_password_is_said_but_not_shown(server: PostgresServer, url: str) -> None:
    """The error carries the server's words, and neither password in any spelling, causes included."""
    wrong = "s3cret/w@rd"
    repository = opened(url.replace(quote(PASSWORD, safe=""), quote(wrong, safe="")))
    with pytest.raises(RepositoryUnavailable, match="password authentication failed") as caught:
        await repository.list()
    await repository.aclose()
    said = "".join(map(str, causes(caught.value)))
    assert not any(secret in said for secret in (wrong, quote(wrong, safe=""), PASSWORD))


async def test_a_url_that_asyncpg_cannot_use_is_a_matter_of_configuration(url: str) -> None:
    """An unknown sslmode is refused as such, before anything is connected to."""
    repository = opened(f"{url}&sslmode=perhaps")
    with pytest.raises(ConfigurationError, match="sslmode"):
        await repository.list()
    await repository.aclose()


@contextmanager
def locked(server: PostgresServer, database: str) -> Iterator[None]:
    """Another session holds the programs' table."""
    with server.session(database) as session:
        session("BEGIN; LOCK hershy_programs; SELECT 'locked';")
        yield


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
