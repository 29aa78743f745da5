"""Tables of summaries: one row a session, and one an exam with its counts."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row
from proctoring.summaries.model import Stage


class SummaryRow(Row):
    """Derived from the rows of the session. `listed` and `rank`: the session's place in the queue."""

    __tablename__ = "session_summaries"
    __table_args__ = (
        Index("ix_session_summaries_queue", "listed", "rank", "due_at", "session_id"),
        Index(
            "ix_session_summaries_flagged",
            *("listed", "rank", "due_at", "session_id"),
            sqlite_where=text("open_flags > 0"),
            postgresql_where=text("open_flags > 0"),
        ),
        Index("ix_session_summaries_claimed_by", "claimed_by", "listed"),
        Index("ix_session_summaries_due", "held", "due_at", "session_id"),
    )

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    exam_id: Mapped[str] = mapped_column(ForeignKey("exams.id"))
    began: Mapped[bool] = mapped_column(default=False)
    recording: Mapped[bool] = mapped_column(default=False)
    due_at: Mapped[datetime | None]
    held: Mapped[bool] = mapped_column(default=False)
    open_flags: Mapped[int] = mapped_column(default=0)
    stage: Mapped[str] = mapped_column(default=Stage.UNDECIDED.value)
    free: Mapped[bool] = mapped_column(default=True)
    claimed_by: Mapped[str | None]
    calls: Mapped[int] = mapped_column(default=0)
    restricted: Mapped[bool] = mapped_column(default=False)
    listed: Mapped[str | None]
    rank: Mapped[int] = mapped_column(default=1)


class CountRow(Row):
    """Of an exam's sessions: how many there are of each kind (`model.COUNTS`)."""

    __tablename__ = "exam_counts"

    exam_id: Mapped[str] = mapped_column(ForeignKey("exams.id"), primary_key=True)
    undecided: Mapped[int] = mapped_column(default=0)
    second: Mapped[int] = mapped_column(default=0)
    decided: Mapped[int] = mapped_column(default=0)
    free: Mapped[int] = mapped_column(default=0)
    flagged: Mapped[int] = mapped_column(default=0)
    open_flags: Mapped[int] = mapped_column(default=0)
    going: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
