"""Closes gaps and retains units once a session has ended and its last take too."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session as Db

from proctoring.custody.apart import apart
from proctoring.custody.model import SYSTEM, Action
from proctoring.custody.service import enter
from proctoring.recordings.length import length_ms
from proctoring.recordings.model import tell_gap
from proctoring.recordings.rows import GapRow, TakeRow
from proctoring.sessions.model import OVER
from proctoring.sessions.rows import IS_OVER, SessionRow
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow, lock_units
from proctoring.units.service import retain

END_GAP_MS_MIN = 100  # at the end of the time line; of a shorter one nothing is told
TAKE_ABANDONED_AFTER = timedelta(hours=1)
GAPS_PER_ENTRY = 400  # of about 60 bytes each


def settle(db: Db, now: datetime, session_id: str) -> bool:
    """Retain the units of an ended session once no take is open and no page holds more of it; returns whether
    it was so. The caller has locked the session's row. So the last of three sees the others: the end of the
    session, of its last take, of a page's waiting.

    An open gap ends with the time line (`recordings.length`). So the stored media of a stream and its gaps
    make up all of it, to END_GAP_MS_MIN. The gap of a stream without any media is as long as the
    session.
    """
    row = db.get(SessionRow, session_id)
    open_takes = select(TakeRow.id).where(TakeRow.session_id == session_id, TakeRow.ended_at.is_(None))
    over = row is not None and row.state in OVER
    awaited = select(UnitRow.id).where(UnitRow.session_id == session_id, UnitRow.late_until > now)
    if not over or db.scalar(open_takes.limit(1)) is not None or db.scalar(awaited.limit(1)) is not None:
        return False
    lock_units(db, session_id)
    _close_gaps(db, session_id)
    for unit_id, leaves, head in retain(db, session_id):
        _enter(db, now, session_id, unit_id, leaves=leaves, head=head)
    return True


def _enter(db: Db, now: datetime, session_id: str, unit_id: str, *, leaves: int, head: str) -> None:
    """The ledger tells every gap of a unit that is retained: they are what no leaf of its manifest says."""
    rows = db.scalars(select(GapRow).where(GapRow.unit_id == unit_id).order_by(GapRow.start_ms, GapRow.id))
    gaps = [tell_gap(row.id, row.model()) for row in rows]
    for at in range(0, len(gaps), GAPS_PER_ENTRY):
        some = " ".join(gaps[at : at + GAPS_PER_ENTRY])
        enter(db, now, SYSTEM, Action.GAP_RECORD, session_id, unit_id=unit_id, gaps=some)
    enter(
        db,
        now,
        SYSTEM,
        Action.EVIDENCE_RETAIN,
        session_id,
        unit_id=unit_id,
        leaves=leaves,
        head=head,
        gaps=len(gaps),
    )


def _close_gaps(db: Db, session_id: str) -> None:
    units = select(UnitRow.id).where(UnitRow.session_id == session_id)
    lasting = GapRow.unit_id.in_(units) & GapRow.end_ms.is_(None)
    empty = GapRow.unit_id.in_(units.where(UnitRow.manifest_size == 0))
    earliest = select(GapRow.unit_id, func.min(GapRow.start_ms)).where(empty).group_by(GapRow.unit_id)
    for unit_id, start_ms in db.execute(earliest).all():
        first = GapRow.unit_id == unit_id, GapRow.start_ms == start_ms
        db.execute(update(GapRow).where(*first).values(start_ms=0))
    end_ms = length_ms(db, session_id)
    db.execute(delete(GapRow).where(lasting, GapRow.start_ms > end_ms - END_GAP_MS_MIN))
    db.execute(update(GapRow).where(lasting).values(end_ms=end_ms))


def unheard(db: Db, now: datetime) -> list[str]:
    """The ended sessions whose page was waited for long enough."""
    waited = select(UnitRow.session_id).where(*_waited_for(now)).distinct()
    found = list(db.scalars(waited))  # first: of all ended sessions they are few
    return sorted(db.scalars(select(SessionRow.id).where(SessionRow.id.in_(found), IS_OVER)))


def settle_unheard(db: Db, now: datetime, among: Collection[str]) -> int:
    """Settle these sessions, as far as they are `unheard`; how many. One that cannot be read keeps no
    other."""
    waited = select(UnitRow.session_id).where(UnitRow.session_id.in_(among), *_waited_for(now))
    rows = select(SessionRow.id).where(SessionRow.id.in_(waited), IS_OVER).order_by(SessionRow.id)
    settled = 0
    for session_id in db.scalars(rows.with_for_update()).all():
        with apart(db, session_id):
            settled += settle(db, now, session_id)
    return settled


def _waited_for(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return UnitRow.state == UnitState.OPEN.value, UnitRow.late_until <= now


def abandoned_sessions(db: Db, now: datetime) -> list[str]:
    """Sessions that ended long ago while a take stayed open of which nobody has said anything since: its
    capture process never came back. One whose segments wait in a spool is not among them."""
    long_ago = now - TAKE_ABANDONED_AFTER
    of_session = select(TakeRow.session_id).where(TakeRow.ended_at.is_(None))
    living = of_session.where(TakeRow.heard_at >= long_ago)
    found = set(db.scalars(of_session)) - set(db.scalars(living))  # first: of all sessions they are few
    over = SessionRow.id.in_(found), SessionRow.ended_at < long_ago
    return sorted(db.scalars(select(SessionRow.id).where(*over)))
