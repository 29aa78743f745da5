"""Due dates of a session's evidence: recalculated whenever something that they are counted from happens."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session as Db

from proctoring.exams.model import Exam
from proctoring.identity.rows import IdentityCheckRow
from proctoring.sessions.model import OVER
from proctoring.sessions.rows import SessionRow
from proctoring.summaries.service import changed
from proctoring.units.due import due_at, identity_due_at
from proctoring.units.model import LIVING_VALUES, UnitKind
from proctoring.units.rows import UnitRow, lock_units
from proctoring.units.summary import FOOTAGE


def set_due_dates(db: Db, exam: Exam, session_id: str, notified_at: datetime | None) -> None:
    """Recalculate the due date of every living unit of the session (rule 1), once it has ended.

    The caller has locked the session's row. `notified_at`: when the candidate learned of the newest incident
    that counts.
    """
    row = db.get_one(SessionRow, session_id)
    if row.state not in OVER:
        return
    due = period_ends(exam, row, notified_at)
    lock_units(db, session_id)
    changed(db, session_id, FOOTAGE)
    living = update(UnitRow).where(UnitRow.session_id == session_id, UnitRow.state.in_(LIVING_VALUES))
    db.execute(living.values(due_at=due))
    check = db.get(IdentityCheckRow, session_id)
    if check is not None and check.confirmed:
        earlier = identity_due_at(due, check.checked_at, exam.regulation.zone)
        db.execute(living.where(UnitRow.kind == UnitKind.IDENTITY.value).values(due_at=earlier))


def period_ends(exam: Exam, session: SessionRow, notified_at: datetime | None) -> datetime:
    """When an ended session's evidence is due, and with that instant the time to appeal is over."""
    assert session.ended_at is not None
    return due_at(exam.regulation, session.ended_at, exam.results_published_at, notified_at)
