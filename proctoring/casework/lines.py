"""Lines of lists of sessions: what is said of each, read in sets for one page."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.access import service as access
from proctoring.exams.rows import ExamRow
from proctoring.recordings import open_takes
from proctoring.reviews import service as reviews
from proctoring.reviews.model import Review, untouched
from proctoring.sessions.model import Session
from proctoring.sessions.rows import SessionRow
from proctoring.summaries.rows import SummaryRow


@dataclass(frozen=True, slots=True)
class Line:
    """One session of a list. `calls`: requests of the candidate that wait. `gone_since`: the candidate, of a
    session that records; None while they are there."""

    session: Session
    exam_title: str
    zone: str
    due_at: datetime
    held: bool
    open_flags: int
    review: Review
    claimed_by_name: str | None
    calls: int
    gone_since: datetime | None


def lines(db: Db, rows: Collection[SummaryRow], now: datetime) -> list[Line]:
    """The sessions of these summaries, in their order. Footage of each is kept."""
    ids = [row.session_id for row in rows]
    query = select(SessionRow, ExamRow).join(ExamRow, ExamRow.id == SessionRow.exam_id)
    sat = {session.id: (session, exam) for session, exam in db.execute(query.where(SessionRow.id.in_(ids)))}
    touched = reviews.of_sessions(db, ids)
    recording = [row.session_id for row in rows if row.recording]
    gone = open_takes.gone(db, recording, now) if recording else {}
    names = access.names(db, {row.claimed_by for row in rows if row.claimed_by})
    found = []
    for row in rows:
        session, exam = sat[row.session_id]
        assert row.due_at is not None
        found.append(
            Line(
                session.model(),
                exam.title,
                exam.zone,
                row.due_at,
                row.held,
                row.open_flags,
                touched.get(session.id) or untouched(session.id),
                names.get(row.claimed_by or ""),
                row.calls,
                gone.get(session.id),
            )
        )
    return found
