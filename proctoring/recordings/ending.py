"""The end of a session, whoever ends it: its time, its due dates, and what may be settled at once.

A session's end asks for what is stored and open of it, so that it is above both sessions and recordings.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.apart import apart, failed_apart
from proctoring.custody.model import SYSTEM, Action, Actor, Entry
from proctoring.custody.service import enter, entries
from proctoring.exams.rows import ExamRow
from proctoring.holds.service import check_not_restricted
from proctoring.recordings import open_takes
from proctoring.recordings.due_dates import set_due_dates
from proctoring.recordings.length import stored_until_ms
from proctoring.recordings.settle import settle
from proctoring.sessions.model import EndReason, Session, SessionEvent, SessionState, after, check_end
from proctoring.sessions.rows import SessionRow
from proctoring.sessions.service import CANDIDATE, session_row
from proctoring.sessions.summary import LIFE
from proctoring.summaries.service import changed
from proctoring.units.rows import UnitRow


def finish(db: Db, core: Core, session_id: str, actor: Actor = CANDIDATE) -> Session:
    """End the session; harmless to repeat. What its publishers still hold arrives, then it is retained."""
    row = session_row(db, session_id, lock=True)
    return _end(db, core, row, event=SessionEvent.FINISH, action=Action.SESSION_FINISH, actor=actor)


def end_by_proctor(db: Db, core: Core, session_id: str, reason: EndReason, actor: Actor) -> Session:
    """End a session that records, for a reason that the ledger tells and the candidate reads. Of a candidate
    who is gone, the exam ended with what is stored. Raises WrongState, Conflict (`check_end`), Denied."""
    row = session_row(db, session_id, lock=True)
    check_not_restricted(db, session_id)
    since = open_takes.gone(db, [session_id], core.clock()).get(session_id)
    check_end(SessionState(row.state), reason, since)
    left = since is not None
    return _end(
        db,
        core,
        row,
        event=SessionEvent.FINISH,
        action=Action.SESSION_FINISH,
        actor=actor,
        left=left,
        reason=reason.value,
    )


def end_reason(db: Db, session_id: str) -> EndReason | None:
    """Why a proctor ended the session; None where nobody did."""
    return told_reason(entries(db, session_id, action=Action.SESSION_FINISH))


def told_reason(told: Iterable[Entry]) -> EndReason | None:
    """The reason that the entries of a session give for its end."""
    given = (one.detail.get("reason") for one in told if one.action is Action.SESSION_FINISH)
    return next((EndReason(str(reason)) for reason in given if reason), None)


def overdue(db: Db, core: Core) -> list[str]:
    """The sessions whose window has closed, and that nobody has ended."""
    return sorted(db.scalars(_overdue(core)))


def expire_overdue(db: Db, core: Core, among: Collection[str]) -> int:
    """End these sessions, as far as they are `overdue`; how many. One that cannot be read keeps no other."""
    mine = _overdue(core).where(SessionRow.id.in_(among)).order_by(SessionRow.id)
    ids = list(db.scalars(mine.with_for_update(skip_locked=True)))
    for session_id in ids:
        with apart(db, session_id):
            row = session_row(db, session_id)
            _end(
                db,
                core,
                row,
                event=SessionEvent.EXPIRE,
                action=Action.SESSION_EXPIRE,
                actor=SYSTEM,
                left=True,
            )
    return len(set(ids) - failed_apart(db))


def _overdue(core: Core) -> Select[str]:
    living = (SessionState.INVITED.value, SessionState.ADMITTED.value, SessionState.RECORDING.value)
    return select(SessionRow.id).where(SessionRow.state.in_(living), SessionRow.closes_at <= core.clock())


def _end(
    db: Db,
    core: Core,
    row: SessionRow,
    *,
    event: SessionEvent,
    action: Action,
    actor: Actor,
    left: bool = False,
    **told: str,
) -> Session:
    """`left`: the candidate just left, so that the exam ended with the recording. `told`: of the ledger."""
    state = SessionState(row.state)
    row.state = after(state, event).value
    changed(db, row.id, LIFE)
    if state is not SessionState.ENDED:
        row.ended_at = core.clock()
        if left and row.started_at is not None and not _page_holds(db, core, row.id):
            row.ended_at = row.started_at + timedelta(milliseconds=stored_until_ms(db, row.id))
        db.flush()
        enter(db, core.clock, actor, action, row.id, ended_at=iso(row.ended_at), **told)
        # Whoever publishes results locks this row too: they count for this session, or find it ended.
        exam = db.get_one(ExamRow, row.exam_id, populate_existing=True)
        set_due_dates(db, exam.model(), row.id, notified_at=None)  # nothing is decided before the end
        settle(db, core.clock(), row.id)
    return row.model()


def _page_holds(db: Db, core: Core, session_id: str) -> bool:
    """Whether a page was heard of lately that still holds what it recorded: up to when, nobody knows yet."""
    held = select(UnitRow.id).where(UnitRow.session_id == session_id, UnitRow.late_until > core.clock())
    return db.scalar(held.limit(1)) is not None
