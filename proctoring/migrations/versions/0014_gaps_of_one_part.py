"""A gap may concern the picture or the sound alone; those from before are of all."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("gaps", sa.Column("part", sa.String(), server_default="all", nullable=False))
