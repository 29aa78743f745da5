"""The retention worker's memory: its brakes and its last pass; the ledger's head from the very beginning."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

GENESIS = "0" * 64

MEDIA_TIMES = {
    "takes": ("start_ms", "end_ms"),
    "segments": ("start_ms", "duration_ms"),
    "gaps": ("start_ms", "end_ms"),
    "flags": ("start_ms", "end_ms"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite's integers have 64 bits already
        for table, columns in MEDIA_TIMES.items():
            for column in columns:
                op.alter_column(table, column, type_=sa.BigInteger())

    head = sa.table("custody_head", sa.column("id"), sa.column("number"), sa.column("hash"))
    if op.get_bind().execute(sa.select(head.c.id)).first() is None:
        # Two first entries written at once must queue up behind a row, not both make it.
        op.bulk_insert(head, [{"id": 1, "number": 0, "hash": GENESIS}])

    op.create_table(
        "retention_brakes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("pulled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_brakes")),
    )
    op.add_column("evidence_units", sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True))
    state = op.create_table(
        "retention_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("passed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("audited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("orphans", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_state")),
    )
    op.bulk_insert(state, [{"id": 1, "failures": 0, "findings": 0, "orphans": 0}])
