"""Takes under way of one session: up to when something is stored of each stream."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.recordings.rows import TakeRow


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
