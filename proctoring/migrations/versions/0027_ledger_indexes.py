"""Indexes by which the custody ledger is listed newest first, a page at a time, narrowed by what is asked."""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    for name in ("action", "session_id"):
        op.drop_index(f"ix_custody_entries_{name}", "custody_entries")
    for name in ("action", "actor", "session_id"):
        op.create_index(f"ix_custody_entries_{name}", "custody_entries", [name, "number"])
    op.create_index("ix_custody_entries_at", "custody_entries", ["at"])
