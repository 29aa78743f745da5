"""Marks living units whose manifest no signed head covers, keeps how far the copied proofs were compared,
keeps blocks of the ledger's tree, and indexes what a page or a start looks for among what stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

ADDED = {
    "ix_takes_open_of_spool": ("takes", ["spool_id"], "ended_at IS NULL"),
    "ix_holds_in_force": ("holds", ["kind", "session_id"], "released_at IS NULL"),
    "ix_sessions_in_person": ("sessions", ["state"], "in_person_asked_at IS NOT NULL"),
    "ix_incidents_hold_id": ("incidents", ["hold_id"], None),
    "ix_appeals_hold_id": ("appeals", ["hold_id"], None),
}
"""By name the table, the columns, and of which rows; None: of all."""
_MARK = """
update evidence_units set unsigned = true
where state in ('open', 'retained') and not exists (
  select 1 from checkpoints
  where origin = 'proctoring/u/' || evidence_units.id and size = evidence_units.manifest_size
)
"""


def upgrade() -> None:
    mark: sa.Column[bool] = sa.Column("unsigned", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("evidence_units", mark)
    through: sa.Column[int] = sa.Column("through", sa.Integer(), nullable=False, server_default="0")
    op.add_column("ledger_replay", through)
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
    for name, (table, columns, of) in ADDED.items():
        rows = sa.text(of) if of else None
        op.create_index(name, table, columns, sqlite_where=rows, postgresql_where=rows, if_not_exists=True)
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
