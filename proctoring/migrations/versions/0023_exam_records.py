"""The exam record of a session that is over: its clock."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "exam_records",
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_exam_records_session_id")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_exam_records")),
    )
    op.create_index(op.f("ix_exam_records_due_at"), "exam_records", ["due_at"])
