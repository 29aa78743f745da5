"""Takes under way: up to when something is stored of each stream, and whose candidate is gone."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session as Db

from proctoring.exams.model import Stream
from proctoring.recordings.model import gone_since
from proctoring.recordings.rows import TakeRow
from proctoring.sessions.model import SessionState
from proctoring.sessions.rows import SessionRow


def stored_until(
    db: Db, session_id: str, started_at: datetime | None, accepted: Mapping[str, datetime]
) -> dict[str, datetime | None]:
    """Each stream with an open take, and where what the server has of that take ends; None while it has
    nothing of it. `accepted`: the same for what waits in a spool, by the take's id."""
    query = select(TakeRow.id, TakeRow.stream, TakeRow.start_ms, TakeRow.end_ms)
    is_open = TakeRow.ended_at.is_(None), TakeRow.late.is_(False)
    found: dict[str, datetime | None] = {}
    for take_id, stream, start_ms, end_ms in db.execute(
        query.where(TakeRow.session_id == session_id, *is_open)
    ):
        known = [found.get(stream), accepted.get(take_id)]
        if started_at is not None and end_ms > start_ms:
            known.append(started_at + timedelta(milliseconds=end_ms))
        found[stream] = max((one for one in known if one is not None), default=None)
    return found


def ended_at(db: Db, session_id: str, started_at: datetime | None) -> dict[str, datetime]:
    """Where what is stored of each stream ends, whatever has ended since; without those that have nothing."""
    query = select(TakeRow.stream, func.max(TakeRow.end_ms)).where(
        TakeRow.session_id == session_id, TakeRow.end_ms > TakeRow.start_ms, TakeRow.late.is_(False)
    )
    if started_at is None:
        return {}
    ends = db.execute(query.group_by(TakeRow.stream))
    return {stream: started_at + timedelta(milliseconds=end_ms) for stream, end_ms in ends}


def gone(db: Db, session_ids: Collection[str], now: datetime) -> dict[str, datetime]:
    """Of these sessions, those that record and whose candidate is gone, and since when (`gone_since`)."""
    heard = case((TakeRow.ended_at.is_(None), func.coalesce(TakeRow.heard_at, TakeRow.started_at)))
    query = (
        select(SessionRow.id, SessionRow.started_at, func.max(TakeRow.end_ms), func.max(heard))
        .join(TakeRow, TakeRow.session_id == SessionRow.id)
        .where(SessionRow.id.in_(session_ids), SessionRow.state == SessionState.RECORDING.value)
        .where(TakeRow.stream.in_([stream.value for stream in Stream]), TakeRow.late.is_(False))
        .group_by(SessionRow.id, SessionRow.started_at)
    )
    found: dict[str, datetime] = {}
    for session_id, started_at, end_ms, heard_at in db.execute(query):
        since = gone_since(started_at + timedelta(milliseconds=end_ms), heard_at, now)
        if since is not None:
            found[session_id] = since
    return found
