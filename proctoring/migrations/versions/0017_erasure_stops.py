"""Sessions whose erasure waits, because their rows are not what the ledger tells."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "erasure_stops",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("codes", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_stops")),
    )
    for column in ("session_id", "ended_at"):
        op.create_index(op.f(f"ix_erasure_stops_{column}"), "erasure_stops", [column])
