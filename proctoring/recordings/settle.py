"""When a session has ended and its last take too: gaps are closed and its units become retained."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session as Db

from proctoring.exams.model import Stream
from proctoring.recordings.model import UnitState
from proctoring.recordings.rows import GapRow, SegmentRow, TakeRow, UnitRow, lock_units
from proctoring.sessions.model import OVER, OVER_VALUES
from proctoring.sessions.rows import SessionRow

END_SLACK_MS = 1000
TAKE_ABANDONED_AFTER = timedelta(hours=1)


def length_ms(db: Db, session_id: str) -> int:
    """Where the session's time line ends so far: the end of its last segment, in any stream."""
    ends = select(func.max(SegmentRow.start_ms + SegmentRow.duration_ms)).join(
        UnitRow, UnitRow.id == SegmentRow.unit_id
    )
    streams = UnitRow.kind.in_([stream.value for stream in Stream])
    return db.scalar(ends.where(UnitRow.session_id == session_id, streams)) or 0


def settle(db: Db, now: datetime, session_id: str) -> bool:
    """Retain the units of an ended session once no take is open and no page holds more of it; whether it was
    so. The caller has locked the session's row: whoever comes last, the end of the session, of its last take
    or of a page's waiting, sees the others.

    A gap that would be open at the end closes there; one that starts within END_SLACK_MS of the end is
    only the order in which streams stopped, and is dropped.
    """
    row = db.get(SessionRow, session_id)
    open_takes = select(TakeRow.id).where(TakeRow.session_id == session_id, TakeRow.ended_at.is_(None))
    over = row is not None and row.state in OVER
    awaited = select(UnitRow.id).where(UnitRow.session_id == session_id, UnitRow.late_until > now)
    if not over or db.scalar(open_takes.limit(1)) is not None or db.scalar(awaited.limit(1)) is not None:
        return False
    lock_units(db, session_id)
    units = select(UnitRow.id).where(UnitRow.session_id == session_id)
    end_ms = length_ms(db, session_id)
    lasting = GapRow.unit_id.in_(units) & GapRow.end_ms.is_(None)
    db.execute(delete(GapRow).where(lasting, GapRow.start_ms > end_ms - END_SLACK_MS))
    db.execute(update(GapRow).where(lasting).values(end_ms=end_ms))
    still_open = UnitRow.session_id == session_id, UnitRow.state == UnitState.OPEN.value
    db.execute(update(UnitRow).where(*still_open).values(state=UnitState.RETAINED.value))
    return True


def settle_unheard(db: Db, now: datetime) -> int:
    """Settle every ended session whose page was waited for long enough; how many."""
    waited = select(UnitRow.session_id).where(
        UnitRow.state == UnitState.OPEN.value, UnitRow.late_until <= now
    )
    over = SessionRow.state.in_(OVER_VALUES)
    rows = select(SessionRow.id).where(SessionRow.id.in_(waited), over).order_by(SessionRow.id)
    return sum(settle(db, now, session_id) for session_id in db.scalars(rows.with_for_update()).all())


def abandoned_sessions(db: Db, now: datetime) -> list[str]:
    """Sessions that ended long ago while a take stayed open of which nobody has said anything since: its
    capture process never came back. One whose segments wait in a spool is not among them."""
    long_ago = now - TAKE_ABANDONED_AFTER
    of_session = select(TakeRow.session_id).where(TakeRow.ended_at.is_(None))
    living = of_session.where(TakeRow.heard_at >= long_ago)
    query = select(SessionRow.id).where(
        SessionRow.id.in_(of_session), SessionRow.id.not_in(living), SessionRow.ended_at < long_ago
    )
    return list(db.scalars(query))
