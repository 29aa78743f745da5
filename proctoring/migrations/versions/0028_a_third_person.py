"""A second person's no, and a third's, say why; a review that is unclear leaves a note for the next one."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0023"


def upgrade() -> None:
    for name in ("second_reasons", "third_by", "third_reasons"):
        op.add_column("incidents", sa.Column(name, sa.String(), nullable=True))
    op.add_column("incidents", sa.Column("third_at", sa.DateTime(timezone=True), nullable=True))
    for name in ("unclear_by", "note"):
        op.add_column("reviews", sa.Column(name, sa.String(), nullable=True))
    op.add_column("reviews", sa.Column("salts", sa.JSON(), nullable=True))
