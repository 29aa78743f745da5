"""An incident says from when it counts as told to the candidate; an appeal, which decision it is against."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("notified_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("appeals") as appeals:
        appeals.add_column(sa.Column("incident_id", sa.String(), nullable=True))
        appeals.create_foreign_key("fk_appeals_incident_id", "incidents", ["incident_id"], ["id"])
