"""A unit's public key is tagged by who made it; `proctoring.compose.prepare` tags the open ones of before."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("evidence_units", sa.Column("key_tag", sa.LargeBinary(), nullable=True))
