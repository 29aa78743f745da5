"""A summary of each session and counts of each exam, for the lists, filled from what there is."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

_FILL = """
insert into session_summaries
select id, exam_id, began, recording, due_at, held, open_flags, stage, free, claimed_by, calls, restricted,
       case when began and due_at is not null and not restricted then stage end,
       case when calls > 0 then 0 else 1 end
from (
  select s.id, s.exam_id,
    s.state in ('recording', 'ended') and s.started_at is not null as began,
    s.state = 'recording' as recording,
    (select min(due_at) from evidence_units
      where session_id = s.id and state in ('open', 'retained') and kind in ('webcam', 'phone', 'screen')
    ) as due_at,
    (select coalesce(max(active_holds), 0) > 0 from evidence_units
      where session_id = s.id and state in ('open', 'retained') and kind in ('webcam', 'phone', 'screen')
    ) as held,
    (select count(*) from flags where session_id = s.id and state = 'open') as open_flags,
    case coalesce(r.state, 'to-review')
      when 'second-person' then 'second'
      when 'no-concern' then 'decided' when 'incident' then 'decided' when 'annulled' then 'decided'
      else 'undecided' end as stage,
    coalesce(r.state, 'to-review') = 'to-review' as free,
    case when r.state = 'in-review' then r.claimed_by end as claimed_by,
    (select count(*) from help_requests
      where session_id = s.id and answer is null and ended_at is null) as calls,
    exists (select 1 from holds
      where session_id = s.id and kind = 'restriction' and released_at is null) as restricted
  from sessions s left join reviews r on r.session_id = s.id
) told
"""
_COUNT = """
insert into exam_counts
select exam_id,
  count(*) filter (where listed = 'undecided'), count(*) filter (where listed = 'second'),
  count(*) filter (where listed = 'decided'), count(*) filter (where listed = 'undecided' and free),
  count(*) filter (where listed = 'undecided' and open_flags > 0),
  coalesce(sum(open_flags) filter (where listed = 'undecided'), 0),
  count(*) filter (where began and due_at is not null and not held),
  count(*) filter (where began and due_at is not null and held)
from session_summaries group by exam_id
"""
_COUNTS = ("undecided", "second", "decided", "free", "flagged", "open_flags", "going", "held")


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "session_summaries",
        sa.Column("session_id", sa.String(), sa.ForeignKey("sessions.id"), primary_key=True),
        sa.Column("exam_id", sa.String(), sa.ForeignKey("exams.id"), nullable=False),
        sa.Column("began", sa.Boolean(), nullable=False),
        sa.Column("recording", sa.Boolean(), nullable=False),
        sa.Column("due_at", instant, nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("open_flags", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("free", sa.Boolean(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("listed", sa.String(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
    )
    places = ["listed", "rank", "due_at", "session_id"]
    flagged = sa.text("open_flags > 0")
    op.create_index("ix_session_summaries_queue", "session_summaries", places)
    op.create_index(
        "ix_session_summaries_flagged",
        "session_summaries",
        places,
        sqlite_where=flagged,
        postgresql_where=flagged,
    )
    op.create_index("ix_session_summaries_claimed_by", "session_summaries", ["claimed_by", "listed"])
    op.create_index("ix_session_summaries_due", "session_summaries", ["held", "due_at", "session_id"])
    counts = [sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS]
    exam = sa.Column("exam_id", sa.String(), sa.ForeignKey("exams.id"), primary_key=True)
    op.create_table("exam_counts", exam, *counts)
    issued = ["issued_at", "id"]
    op.create_index("ix_erasure_certificates_issued_at", "erasure_certificates", issued, if_not_exists=True)
    op.execute(_FILL)
    op.execute(_COUNT)
