"""Length of a session's time line: from its start to its finish, and never shorter than the stored media.

While the session is live the time line grows to now, whatever arrives. Once it is over it ends with the
finish; missing time until then is a gap.

One exception: a candidate's page says goodbye for each stream, waits until all of it is stored, and only then
reports the finish. The last media may end with such a goodbye, at most END_SLACK_MS before the finish. That
time belongs to the order of ending and not to the exam. The time line then ends with the media, so that
stored media and gaps still make up all of it. A stream whose connection, device or server was lost said no
goodbye: its absence counts to the finish.

The takes of an erased session are removed. The length is kept before the first of them goes (`keep_lengths`).
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session as Db

from proctoring.clock import ms_between
from proctoring.recordings.model import EndCause
from proctoring.recordings.rows import TakeRow
from proctoring.sessions.model import OVER_VALUES
from proctoring.sessions.rows import SessionRow
from proctoring.units.model import STREAM_VALUES
from proctoring.units.rows import UnitRow

END_SLACK_MS = 5_000  # as long as streams may take to begin together
_STORED = TakeRow.stream.in_(STREAM_VALUES), TakeRow.end_ms > TakeRow.start_ms
_GOODBYES = {EndCause.STOPPED.value, EndCause.SESSION_ENDED.value}


def length_ms(db: Db, session_id: str, now: datetime | None = None) -> int:
    """The length of one session's time line; of a live one up to `now`, or up to what is stored."""
    return lengths_ms(db, [session_id], now).get(session_id, 0)


def lengths_ms(db: Db, session_ids: Collection[str], now: datetime | None = None) -> dict[str, int]:
    """`length_ms` of several sessions, by their ids."""
    lasted = SessionRow.state, SessionRow.started_at, SessionRow.ended_at, SessionRow.length_ms
    stored = and_(TakeRow.session_id == SessionRow.id, *_STORED)
    ends = select(SessionRow.id, *lasted, func.max(TakeRow.end_ms)).join(TakeRow, stored, isouter=True)
    mine = ends.where(SessionRow.id.in_(session_ids)).group_by(SessionRow.id)
    lengths: dict[str, int] = {}
    endings: dict[str, int] = {}
    for session_id, state, started_at, ended_at, kept_ms, end_ms in db.execute(mine):
        if kept_ms is not None:
            lengths[session_id] = kept_ms
            continue
        over = state in OVER_VALUES
        until = ended_at if over else now
        stored_ms = end_ms or 0
        # Clocks are set: a finish before the last media, or before the start, shortens nothing.
        lasted_ms = ms_between(started_at, until) if started_at and until else 0
        lengths[session_id] = max(stored_ms, lasted_ms)
        if over and 0 < lasted_ms - stored_ms <= END_SLACK_MS:
            endings[session_id] = stored_ms
    return lengths | _ended_by_goodbye(db, endings)


def stored_until_ms(db: Db, session_id: str) -> int:
    """Where the last segment of any stream of the session ends."""
    return db.scalar(select(func.max(TakeRow.end_ms)).where(TakeRow.session_id == session_id, *_STORED)) or 0


def keep_lengths(db: Db, unit_id: str) -> None:
    """Keep the length of an erased unit and of its session in their rows, before its takes are removed."""
    recorded = select(func.sum(TakeRow.end_ms - TakeRow.start_ms))
    unit = update(UnitRow).where(UnitRow.id == unit_id, UnitRow.recorded_ms.is_(None))
    session_id = db.scalar(select(UnitRow.session_id).where(UnitRow.id == unit_id))
    session = update(SessionRow).where(SessionRow.id == session_id, SessionRow.length_ms.is_(None))
    if session_id is None:
        return
    db.execute(session.values(length_ms=length_ms(db, session_id)))
    db.execute(unit.values(recorded_ms=recorded.where(TakeRow.unit_id == unit_id).scalar_subquery()))


def _ended_by_goodbye(db: Db, endings: dict[str, int]) -> dict[str, int]:
    """Of these sessions, with where their last media ended, those in which every take that reached as far
    ended with a goodbye."""
    if not endings:
        return {}
    last: dict[str, set[str | None]] = defaultdict(set)
    takes = select(TakeRow.session_id, TakeRow.end_ms, TakeRow.end_cause)
    mine = TakeRow.session_id.in_(endings), TakeRow.stream.in_(STREAM_VALUES)
    for session_id, end_ms, cause in db.execute(takes.where(*mine)):
        if end_ms >= endings[session_id]:
            last[session_id].add(cause)
    return {one: end_ms for one, end_ms in endings.items() if last[one] and last[one] <= _GOODBYES}
