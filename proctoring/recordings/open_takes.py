"""Takes under way: up to when something is stored of each stream, and whose candidate is gone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session as Db

from proctoring.exams.model import Stream
from proctoring.recordings.model import gone_since
from proctoring.recordings.rows import TakeRow
from proctoring.sessions.model import SessionState
from proctoring.sessions.rows import SessionRow


@dataclass(slots=True)
class Reach:
    """Up to where a stream is stored. `until`: whatever has ended since; None of one that has nothing.
    `open`: whether a take of it is under way; `open_until`: up to where the server has something of it."""

    open: bool = False
    open_until: datetime | None = None
    until: datetime | None = None


def reaches(
    db: Db, started: Mapping[str, datetime | None], accepted: Mapping[str, datetime]
) -> dict[tuple[str, str], Reach]:
    """Each session's streams of which there is a take, in one query; without what a page sent late.
    `started`: when each session began, by its id. `accepted`: up to where the takes reach that wait in a
    spool, by the take's id."""
    is_open = TakeRow.ended_at.is_(None)
    name = case((is_open, TakeRow.id))  # those that have ended are one group
    stored_ms = func.max(case((TakeRow.end_ms > TakeRow.start_ms, TakeRow.end_ms)))
    query = (
        select(TakeRow.session_id, TakeRow.stream, name, stored_ms)
        .where(TakeRow.session_id.in_(started), TakeRow.late.is_(False))
        .group_by(TakeRow.session_id, TakeRow.stream, name)
    )
    found: dict[tuple[str, str], Reach] = {}
    for session_id, stream, take_id, end_ms in db.execute(query):
        reach = found.setdefault((session_id, stream), Reach())
        stored, started_at = None, started[session_id]
        if started_at is not None and end_ms is not None:
            stored = started_at + timedelta(milliseconds=end_ms)
        reach.until = _later(reach.until, stored)
        if take_id is not None:
            reach.open = True
            reach.open_until = _later(reach.open_until, stored, accepted.get(take_id))
    return found


def _later(*instants: datetime | None) -> datetime | None:
    return max((one for one in instants if one is not None), default=None)


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
