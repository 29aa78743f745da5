"""Takes under way, of several processes that record: whose each is, and which has to wait for which."""

from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.recordings.model import Take
from proctoring.recordings.rows import TakeRow
from proctoring.units.model import UnitKind

EARLIER_WAIT = timedelta(minutes=3)
"""How long a take's first segment waits for an earlier take whose process is not heard of any more."""


def note_spool(db: Db, take_id: str, spool_id: str) -> None:
    """Note which spool this take's segments come through: whoever has that spool has to end the take."""
    db.execute(update(TakeRow).where(TakeRow.id == take_id).values(spool_id=spool_id))


def open_takes_of(db: Db, spool_id: str) -> list[Take]:
    """Every take of this spool that has not ended, the oldest first."""
    query = select(TakeRow).where(TakeRow.ended_at.is_(None), TakeRow.spool_id == spool_id)
    return [row.model() for row in db.scalars(query.order_by(TakeRow.started_at, TakeRow.number))]


def follows_open_take(db: Db, core: Core, take_id: str) -> bool:
    """Whether an earlier take of this stream, that another process recorded, has not ended yet: its segments
    come first. One whose process was not heard of for EARLIER_WAIT is not waited for."""
    take = db.get(TakeRow, take_id)
    if take is None or take.late or not UnitKind(take.stream).is_stream:
        return False
    heard_at = func.coalesce(TakeRow.heard_at, TakeRow.started_at)
    earlier = select(TakeRow.id).where(
        TakeRow.unit_id == take.unit_id,
        TakeRow.number < take.number,
        TakeRow.ended_at.is_(None),
        TakeRow.late.is_(False),
        heard_at >= core.clock() - EARLIER_WAIT,
    )
    return db.scalar(earlier.limit(1)) is not None
