"""Indexes by which appeals and incidents of one state are listed in their order, a page at a time."""

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    for table, columns in {"appeals": ("lodged_at", "closed_at"), "incidents": ("decided_at",)}.items():
        op.drop_index(f"ix_{table}_state", table, if_exists=True)
        for column in columns:
            ordered = ["state", column, "id"]
            op.create_index(f"ix_{table}_state_{column}", table, ordered, if_not_exists=True)
