"""API tokens: all that is kept of them, which is not their secrets."""

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0002"
down_revision = "0001"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_MOMENT = sa.DateTime(timezone=True)


def upgrade(op: Operations) -> None:
    op.create_table(
        "hershy_tokens",
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("user_id", sa.String),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT),
        sa.Column("last_used_at", _MOMENT),
        sa.Column("revoked_at", _MOMENT),
        sa.PrimaryKeyConstraint("owner", "id", name="hershy_tokens_pk"),
    )
