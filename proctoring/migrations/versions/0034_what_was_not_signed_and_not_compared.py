"""Marks units with leaves that no signed head covers, keeps how far the copied proofs
were compared, indexes the open takes of a spool, and keeps blocks of the ledger's tree.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

_MARK = """
update evidence_units set unsigned = true
where manifest_size > 0 and state in ('open', 'retained') and not exists (
  select 1 from checkpoints
  where origin = 'proctoring/u/' || evidence_units.id and size = evidence_units.manifest_size
)
"""


def upgrade() -> None:
    mark: sa.Column[bool] = sa.Column("unsigned", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("evidence_units", mark)
    op.execute(_MARK)
    op.create_index(
        "ix_evidence_units_unsigned",
        "evidence_units",
        ["session_id"],
        sqlite_where=sa.text("unsigned = 1"),
        postgresql_where=sa.text("unsigned"),
        if_not_exists=True,
    )
    op.drop_index("ix_takes_spool_id", "takes", if_exists=True)
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_takes_open_of_spool",
        "takes",
        ["spool_id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
        if_not_exists=True,
    )
    op.create_table(
        "copy_compared",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
    )
    op.create_table(
        "ledger_blocks",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
    )
