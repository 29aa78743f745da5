"""Lengths that stay once the takes of an erased session are removed, and the index that finds those takes.

The rows themselves go by the retention worker. Only the gaps of erased streams without a take go here: no
take tells of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

ADDED = {"sessions": "length_ms", "evidence_units": "recorded_ms"}
_GAPS = """
delete from gaps where unit_id in (
  select id from evidence_units u where state in ('erasing', 'erased')
  and not exists (select 1 from takes where unit_id = u.id)
)
"""


def upgrade() -> None:
    for table, column in ADDED.items():
        there = {one["name"] for one in sa.inspect(op.get_bind()).get_columns(table)}
        if column not in there:
            op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=True))
    keyless = sa.text("sealed_key IS NULL")
    op.create_index(
        "ix_takes_keyless",
        "takes",
        ["unit_id"],
        sqlite_where=keyless,
        postgresql_where=keyless,
        if_not_exists=True,
    )
    op.execute(_GAPS)
