"""Checkpoints of manifests and ledger, and what of the proofs has left the host."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("peaks", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("copied_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("origin", "size", name=op.f("pk_checkpoints")),
    )
    op.create_index("ix_checkpoints_copied_at", "checkpoints", ["copied_at"])
    op.create_table(
        "certificate_copies",
        sa.Column("certificate_id", sa.String(), nullable=False),
        sa.Column("copied_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["erasure_certificates.id"], name=op.f("fk_certificate_copies_certificate_id")
        ),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_certificate_copies")),
    )
