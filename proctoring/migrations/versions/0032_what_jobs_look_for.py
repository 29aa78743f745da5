"""Indexes by which each job finds what is due, and reads nothing of what stays."""

from alembic import op
from sqlalchemy import text

revision = "0032"
down_revision = "0031"

REPLACED = {
    "ix_evidence_units_state": "evidence_units",
    "ix_sessions_state": "sessions",
    "ix_exam_records_due_at": "exam_records",
}
ADDED = {
    "ix_evidence_units_state_due_at": ("evidence_units", ["state", "due_at"], None),
    "ix_evidence_units_late_until": ("evidence_units", ["state", "late_until"], "late_until IS NOT NULL"),
    "ix_evidence_units_swept_at": ("evidence_units", ["state", "id"], "swept_at IS NULL"),
    "ix_evidence_units_erased_at": ("evidence_units", ["erased_at"], "erased_at IS NOT NULL"),
    "ix_evidence_units_kek_epoch": ("evidence_units", ["kek_epoch"], "sealed_private_key IS NOT NULL"),
    "ix_sessions_state_closes_at": ("sessions", ["state", "closes_at"], None),
    "ix_sessions_ended_at": ("sessions", ["ended_at"], None),
    "ix_takes_open": ("takes", ["session_id"], "ended_at IS NULL"),
    "ix_hold_units_unit_id": ("hold_units", ["unit_id"], None),
    "ix_exam_records_due_at": ("exam_records", ["due_at"], "erased_at IS NULL"),
}
"""By name the table, the columns, and of which rows; None: of all."""


def upgrade() -> None:
    for name, table in REPLACED.items():
        op.drop_index(name, table, if_exists=True)
    for name, (table, columns, of) in ADDED.items():
        where = text(of) if of else None
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where, if_not_exists=True)
