"""Stops: sessions whose erasure waits because their rows contradict the ledger.

A stop is in force until the two agree again, or a person has looked and erases the session anyway
(`proctoring purge --despite SESSION`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Mapped, load_only, mapped_column
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Action, Actor
from proctoring.custody.service import enter
from proctoring.db import Row
from proctoring.proofs.disputes import Dispute
from proctoring.tolerant import as_it_stands, is_text

SEPARATOR = ", "
UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)  # since when, where its row does not tell
UNIT_KEY = "unit.key"  # found, and looked at again, by the rotation of keys alone

log = structlog.get_logger()


class StopRow(Row):
    """`codes` and `detail` tell the disputes as they were found."""

    __tablename__ = "erasure_stops"

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(index=True)  # as the rows say: it may be no session at all
    codes: Mapped[str]
    detail: Mapped[str]
    found_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    ended_by: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class Stop:
    session_id: str
    codes: str
    detail: str
    found_at: datetime


def in_force(db: Db) -> list[Stop]:
    """The oldest first."""
    columns = (as_it_stands(StopRow.__table__.c[one.name]) for one in fields(Stop))
    query = select(*columns).where(StopRow.ended_at.is_(None)).order_by(StopRow.found_at, StopRow.id)
    return [
        Stop(session_id, codes, detail, found_at if isinstance(found_at, datetime) else UNKNOWN)
        for session_id, codes, detail, found_at in db.execute(query)
    ]


def count_in_force(db: Db) -> int:
    return db.scalar(select(func.count()).select_from(StopRow).where(StopRow.ended_at.is_(None))) or 0


def stop(db: Db, core: Core, session_id: str, found: Sequence[Dispute]) -> None:
    """Nothing of the session is destroyed from here on. It is entered once for each kind of dispute, however
    often it is found."""
    before = _standing(db, session_id)
    known = before.codes.split(SEPARATOR) if before is not None and is_text(before.codes) else []
    codes = SEPARATOR.join(sorted({*known, *(one.code for one in found)}))
    detail = "; ".join(one.detail for one in found)
    if before is not None and before.codes == codes:
        before.detail = detail
        return
    if before is not None:
        before.ended_at = core.clock()
    row = StopRow(id=core.new_id(), session_id=session_id, codes=codes, detail=detail, found_at=core.clock())
    db.add(row)
    db.flush()
    enter(db, core.clock, SYSTEM, Action.ERASURE_STOP, session_id, stop=row.id, codes=codes)
    log.error("erasure.stopped", session=session_id, codes=codes, detail=detail)


def resume(db: Db, core: Core, session_id: str, by: Actor = SYSTEM) -> None:
    """Rows and ledger agree again, or a person answers for it. Harmless where nothing was stopped."""
    ended = (
        update(StopRow)
        .where(StopRow.session_id == session_id, StopRow.ended_at.is_(None))
        .values(ended_at=core.clock(), ended_by=by.id)
        .returning(StopRow.id)
    )
    for stop_id in sorted(db.scalars(ended)):
        enter(db, core.clock, by, Action.ERASURE_RESUME, session_id, stop=stop_id)
        log.info("erasure.resumed", session=session_id)


def _standing(db: Db, session_id: str) -> StopRow | None:
    mine = StopRow.session_id == session_id, StopRow.ended_at.is_(None)
    columns = load_only(StopRow.codes, StopRow.detail)
    return db.scalar(select(StopRow).options(columns).where(*mine).with_for_update())
