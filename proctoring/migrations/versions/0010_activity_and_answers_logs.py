"""An answers log of its own; the ids of logged events are remembered, so that none counts twice."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    # An activity log used to bring the answers log with it; no exam could ask for either.
    op.add_column("exams", sa.Column("answers_log", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "logged_events",
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["evidence_units.id"], name="fk_logged_events_unit_id"),
        sa.PrimaryKeyConstraint("unit_id", "event_id", name="pk_logged_events"),
    )
