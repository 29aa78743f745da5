"""A take notes when its capture process was last heard of, so that a spool that waits is not abandoned."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("takes", sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True))
