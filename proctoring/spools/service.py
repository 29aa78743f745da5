"""Keeps the reports about spools, and answers pages, metrics and the doctor."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.recordings.rows import TakeRow
from proctoring.spools.model import TOLD_FOR, Standing, Told
from proctoring.spools.rows import SpoolRow


def tell(db: Db, core: Core, spool_id: str, told: Told) -> None:
    """Note how the process of this spool fares now."""
    now = core.clock()
    trouble = told.trouble.value if told.trouble else None
    row = db.get(SpoolRow, spool_id)
    if row is None:
        row = SpoolRow(id=spool_id)
        db.add(row)
    if trouble is None:
        row.since = None
    elif row.trouble != trouble:
        row.since = now
    row.told_at, row.trouble = now, trouble
    row.free_bytes, row.waiting_bytes, row.memory_bytes = (
        told.free_bytes,
        told.waiting_bytes,
        told.memory_bytes,
    )
    row.datagrams_lost, row.sounds_lost = told.datagrams_lost, told.sounds_lost
    db.flush()


def standing(db: Db, core: Core) -> list[Standing]:
    """Of every process that was heard of within TOLD_FOR."""
    recent = SpoolRow.told_at > core.clock() - TOLD_FOR
    return [row.model() for row in db.scalars(select(SpoolRow).where(recent).order_by(SpoolRow.id))]


def troubles(db: Db, core: Core) -> list[Standing]:
    """Those that can keep nothing more for now, the oldest trouble first."""
    found = [one for one in standing(db, core) if one.told.trouble is not None and one.since is not None]
    return sorted(found, key=lambda one: one.since or core.clock())


def keeps(db: Db, core: Core, session_id: str) -> bool:
    """Whether what is recorded of the session now can be kept: no running take of it is in a spool that is in
    trouble."""
    recent = SpoolRow.told_at > core.clock() - TOLD_FOR
    running = select(TakeRow.id).join(SpoolRow, SpoolRow.id == TakeRow.spool_id)
    running = running.where(TakeRow.session_id == session_id, TakeRow.ended_at.is_(None))
    return not db.scalar(select(exists(running.where(recent, SpoolRow.trouble.is_not(None)))))
