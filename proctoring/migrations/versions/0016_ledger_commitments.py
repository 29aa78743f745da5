"""Salts of what the ledger commits to, and what the replay of the ledger remembers."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0020"

SALTED = (
    "sessions",
    "incidents",
    "appeals",
    "holds",
    "exams",
    "users",
    "identity_checks",
    "help_requests",
    "flags",
    "retention_brakes",
)


def upgrade() -> None:
    for table in SALTED:
        op.add_column(table, sa.Column("salts", sa.JSON(), nullable=True))
    op.create_table(
        "ledger_replay",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("exact_from", sa.Integer(), nullable=False),
        sa.Column("through", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("session_cursor", sa.String(), nullable=False),
        sa.Column("unit_cursor", sa.String(), nullable=False),
        sa.Column("passed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signature", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_replay"),
    )
    op.create_table(
        "replayed_sessions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("through", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replayed_sessions"),
    )
    op.create_table(
        "replay_findings",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("row", sa.String(), nullable=False),
        sa.Column("column", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subject", "row", "column", name="pk_replay_findings"),
    )
    # An older entry was dated a moment after the row that it tells of; from here on both are one instant.
    op.execute(
        "INSERT INTO ledger_replay (id, exact_from, through, hash, session_cursor, unit_cursor, signature) "
        "SELECT 1, number + 1, 0, '0000000000000000000000000000000000000000000000000000000000000000', "
        "'', '', '' FROM custody_head"
    )
