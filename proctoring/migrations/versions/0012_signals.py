"""Signals, where an exam has asked for them: the sealed sheets that they and thumbnails lie in."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("exams", sa.Column("signals", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "signal_sheets",
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("take_id", sa.String(), nullable=False),
        sa.Column("sheet_id", sa.String(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("ct_sha256", sa.String(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["evidence_units.id"], name="fk_signal_sheets_unit_id"),
        sa.ForeignKeyConstraint(["take_id"], ["takes.id"], name="fk_signal_sheets_take_id"),
        sa.PrimaryKeyConstraint("unit_id", "position", name="pk_signal_sheets"),
        sa.UniqueConstraint("object_key", name="uq_signal_sheets_object_key"),
    )
