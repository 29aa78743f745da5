"""PostgreSQL's planner keeps no samples of what people wrote: they would outlive it.

ANALYZE copies the commonest values of a column, and some between them, into `pg_statistic`. They stay there
until the next ANALYZE; of a table that has become empty, for ever. Nothing is searched by these columns.
"""

from alembic import op

revision = "0030"
down_revision = "0025"

COLUMNS = {
    "sessions": "ref notice_text in_person_wish in_person_answer",
    "flags": "note",
    "help_requests": "text answer",
    "identity_checks": "reason",
    "reviews": "note",
    "incidents": "reasons second_reasons third_reasons",
    "appeals": "grounds answer",
    "holds": "reason owner",
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, columns in COLUMNS.items():
        for column in columns.split():
            # To the type that it has: rewrites nothing, and drops the samples taken so far.
            op.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" TYPE VARCHAR')
            op.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" SET STATISTICS 0')
