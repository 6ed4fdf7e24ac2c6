"""Programs of runtimes that have no publish ports."""

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0003"
down_revision = "0002"


def upgrade(op: Operations) -> None:
    with op.batch_alter_table("hershy_programs") as table:  # SQLite alters no column: the table is made anew
        table.alter_column("publish_port", existing_type=sa.Integer, nullable=True)
