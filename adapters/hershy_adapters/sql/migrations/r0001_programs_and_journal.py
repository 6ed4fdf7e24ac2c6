"""Programs, and the journal of what has happened to each."""

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0001"
down_revision = None

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade(op: Operations) -> None:
    op.create_table(
        "hershy_programs",
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("user_id", sa.String, nullable=False),
        sa.Column("build_id", sa.String, nullable=False),
        sa.Column("publish_port", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("desired", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("owner", "id", name="hershy_programs_pk"),
        sa.UniqueConstraint("owner", "publish_port", name="hershy_programs_port"),
    )
    op.create_table(
        "hershy_journal",
        sa.Column("id", _BIG, sa.Identity(), primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("program_id", _ID, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("previous", sa.String),
        sa.Column("state", sa.String),
        sa.Column("details", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("hershy_journal_of_owner", "hershy_journal", ["owner", "id"])
    op.create_index("hershy_journal_of_program", "hershy_journal", ["owner", "program_id", "id"])
