"""Pages of the ledger that were read, in the place of one mark how far."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "ledger_pages",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_pages")),
    )
    with op.batch_alter_table("ledger_replay") as table:
        for column in ("through", "hash", "signature"):
            table.drop_column(column)
