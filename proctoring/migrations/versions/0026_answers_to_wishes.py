"""Answers to candidates who asked to sit in person."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("in_person_sits_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sessions", sa.Column("in_person_answer", sa.String(), nullable=True))
    op.add_column("sessions", sa.Column("in_person_answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sessions", sa.Column("in_person_answered_by", sa.String(), nullable=True))
