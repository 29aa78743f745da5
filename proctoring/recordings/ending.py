"""The end of a session, whoever ends it: its time, its due dates, and what may be settled at once."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.exams.rows import ExamRow
from proctoring.holds.service import set_due_dates
from proctoring.recordings.length import stored_until_ms
from proctoring.recordings.settle import settle
from proctoring.sessions.model import Session, SessionEvent, SessionState, after
from proctoring.sessions.rows import SessionRow
from proctoring.units.rows import UnitRow


def end(
    db: Db,
    core: Core,
    row: SessionRow,
    event: SessionEvent,
    action: Action,
    actor: Actor,
    left: bool = False,
    **told: str,
) -> Session:
    """`left`: the candidate just left, so that the exam ended with the recording. `told`: of the ledger."""
    state = SessionState(row.state)
    row.state = after(state, event).value
    if state is not SessionState.ENDED:
        row.ended_at = core.clock()
        if left and row.started_at is not None and not _page_holds(db, core, row.id):
            row.ended_at = row.started_at + timedelta(milliseconds=stored_until_ms(db, row.id))
        db.flush()
        enter(db, core.clock, actor, action, row.id, ended_at=iso(row.ended_at), **told)
        # Whoever publishes results locks this row too: they count for this session, or find it ended.
        exam = db.get_one(ExamRow, row.exam_id, populate_existing=True)
        set_due_dates(db, exam.model(), row.id)
        settle(db, core.clock(), row.id)
    return row.model()


def _page_holds(db: Db, core: Core, session_id: str) -> bool:
    """Whether a page was heard of lately that still holds what it recorded: up to when, nobody knows yet."""
    held = select(UnitRow.id).where(UnitRow.session_id == session_id, UnitRow.late_until > core.clock())
    return db.scalar(held.limit(1)) is not None
