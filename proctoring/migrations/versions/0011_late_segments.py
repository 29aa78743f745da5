"""A take may hold what arrived late; a unit waits for a page that still holds some of it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("takes", sa.Column("late", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("evidence_units", sa.Column("late_until", sa.DateTime(timezone=True), nullable=True))
