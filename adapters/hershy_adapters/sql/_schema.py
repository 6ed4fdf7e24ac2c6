"""The tables as they are today. How a database gets there is in ``migrations``; a test holds the two together.

Columns are what is queried or constrained; the rest of a program or an entry is JSON in its last column. Names begin
with ``hershy_``, since a PostgreSQL database may hold other things as well.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

VERSION_TABLE = "hershy_schema"
"""Where the revision that a database is at is kept."""


class Moment(TypeDecorator[datetime]):
    """A moment with its microseconds: ``timestamptz``, or text in UTC where there is no such type, as in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


# Ids are ordered as Python orders them, by code point, not by the database's language.
_ID = String().with_variant(String(collation="C"), "postgresql")
_BIG = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows by itself in an INTEGER only

METADATA = MetaData()

PROGRAMS = Table(
    "hershy_programs",
    METADATA,
    Column("owner", String, nullable=False),
    Column("id", _ID, nullable=False),
    Column("user_id", String, nullable=False),
    Column("build_id", String, nullable=False),
    Column("publish_port", Integer),
    Column("state", String, nullable=False),
    Column("desired", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("details", JSON, nullable=False),
    PrimaryKeyConstraint("owner", "id", name="hershy_programs_pk"),
    UniqueConstraint("owner", "publish_port", name="hershy_programs_port"),
)

JOURNAL = Table(
    "hershy_journal",
    METADATA,
    Column("id", _BIG, Identity(), primary_key=True),
    Column("owner", String, nullable=False),
    Column("program_id", _ID, nullable=False),
    Column("at", Moment, nullable=False),
    Column("event", String, nullable=False),
    Column("previous", String),
    Column("state", String),
    Column("details", JSON, nullable=False),
    Index("hershy_journal_of_owner", "owner", "id"),
    Index("hershy_journal_of_program", "owner", "program_id", "id"),
    sqlite_autoincrement=True,  # an id is never given twice, also when the newest entries are gone
)

TOKENS = Table(
    "hershy_tokens",
    METADATA,
    Column("owner", String, nullable=False),
    Column("id", _ID, nullable=False),
    Column("user_id", String),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
    PrimaryKeyConstraint("owner", "id", name="hershy_tokens_pk"),
)
