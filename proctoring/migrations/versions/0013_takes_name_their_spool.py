"""A take names the spool through which its segments come: of several processes, one ends it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("takes", sa.Column("spool_id", sa.String(), nullable=True))
    op.create_index("ix_takes_spool_id", "takes", ["spool_id"])
