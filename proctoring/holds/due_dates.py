"""Due dates of evidence: set anew whenever something that they are counted from happens."""

from collections import Counter
from contextlib import nullcontext
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Db

from proctoring.custody.apart import apart
from proctoring.exams.model import Exam
from proctoring.identity.rows import IdentityCheckRow
from proctoring.incidents.model import STANDING
from proctoring.incidents.rows import IncidentRow
from proctoring.sessions.model import OVER_VALUES
from proctoring.sessions.rows import SessionRow
from proctoring.units.due import due_at, identity_due_at
from proctoring.units.model import LIVING_VALUES, UnitKind
from proctoring.units.rows import UnitRow, lock_units

_NOTIFIED_AT = (
    select(func.max(IncidentRow.notified_at))
    .where(
        IncidentRow.session_id == SessionRow.id, IncidentRow.state.in_([state.value for state in STANDING])
    )
    .correlate(SessionRow)
    .scalar_subquery()
)
"""When the candidate of a session was told of the newest incident that counts."""


def set_due_dates(db: Db, exam: Exam, session_id: str | None = None) -> None:
    """Compute the due date of every living unit of the exam's ended sessions anew (rule 1).

    Of one session, whose row the caller has locked; or of all, whose rows are locked here: a session that is
    being ended at this moment has ended first, and is among them. Of all, one that cannot be read is left as
    it is, which the retention worker then finds.
    """
    of_exam = SessionRow.exam_id == exam.id
    if session_id is None:
        db.execute(select(SessionRow.id).where(of_exam).order_by(SessionRow.id).with_for_update())
    query = select(SessionRow.id).where(of_exam, SessionRow.state.in_(OVER_VALUES))
    if session_id is not None:
        query = query.where(SessionRow.id == session_id)
    for one in db.scalars(query.order_by(SessionRow.id)).all():
        with apart(db, one) if session_id is None else nullcontext():
            _set_due_date(db, exam, db.get_one(SessionRow, one))


def _set_due_date(db: Db, exam: Exam, row: SessionRow) -> None:
    due = period_ends(db, exam, row)
    lock_units(db, row.id)
    living = update(UnitRow).where(UnitRow.session_id == row.id, UnitRow.state.in_(LIVING_VALUES))
    db.execute(living.values(due_at=due))
    check = db.get(IdentityCheckRow, row.id)
    if check is not None and check.confirmed:
        earlier = identity_due_at(due, check.checked_at, exam.regulation.zone)
        db.execute(living.where(UnitRow.kind == UnitKind.IDENTITY.value).values(due_at=earlier))


def period_ends(db: Db, exam: Exam, session: SessionRow) -> datetime:
    """When an ended session's evidence is due, and with that instant the time to appeal is over."""
    assert session.ended_at is not None
    told = db.scalar(select(_NOTIFIED_AT).where(SessionRow.id == session.id))
    return due_at(exam.regulation, session.ended_at, exam.results_published_at, told)


def due_dates(db: Db, exam: Exam) -> dict[datetime, int]:
    """How many of the exam's ended sessions with living evidence are due when, the earliest first."""
    living = select(UnitRow.id).where(UnitRow.session_id == SessionRow.id, UnitRow.state.in_(LIVING_VALUES))
    ended = select(SessionRow.ended_at, _NOTIFIED_AT).where(
        SessionRow.exam_id == exam.id, SessionRow.state.in_(OVER_VALUES), living.exists()
    )
    found = (
        due_at(exam.regulation, at, exam.results_published_at, told) for at, told in db.execute(ended) if at
    )
    return dict(sorted(Counter(found).items()))
