"""A call for help says who is answering it; those that wait are found by an index of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("help_requests", sa.Column("taken_by", sa.String(), nullable=True))
    op.add_column("help_requests", sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True))
    waiting = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_help_requests_waiting",
        "help_requests",
        ["asked_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
