"""Keeps the reports about spools, and answers pages, metrics and the doctor."""

from collections.abc import Collection
from datetime import datetime

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.recordings.rows import TakeRow
from proctoring.spools.model import TOLD_FOR, Standing, Told
from proctoring.spools.rows import SpoolRow, read
from proctoring.tolerant import UNREADABLE, as_it_stands, came_of

COLUMNS = SpoolRow.__table__.c

log = structlog.get_logger()


def tell(db: Db, core: Core, spool_id: str, told: Told) -> None:
    """Note how the process of this spool fares now, whatever its row holds."""
    now = core.clock()
    trouble = told.trouble.value if told.trouble else None
    this = SpoolRow.id == spool_id
    before = db.execute(
        select(as_it_stands(COLUMNS.trouble), as_it_stands(COLUMNS.since)).where(this)
    ).one_or_none()
    since = now if trouble else None
    if since and before and before.trouble == trouble and isinstance(before.since, datetime):
        since = before.since
    values = {
        "told_at": now,
        "trouble": trouble,
        "since": since,
        "free_bytes": told.free_bytes,
        "waiting_bytes": told.waiting_bytes,
        "memory_bytes": told.memory_bytes,
        "datagrams_lost": told.datagrams_lost,
        "sounds_lost": told.sounds_lost,
    }
    if before is None:
        db.execute(insert(SpoolRow).values(id=spool_id, **values))
    else:
        db.execute(update(SpoolRow).where(this).values(**values))


def standing(db: Db, core: Core) -> list[Standing]:
    """Of every process that was heard of within TOLD_FOR. One whose row cannot be read is left out: its next
    word replaces the row."""
    recent = SpoolRow.told_at > core.clock() - TOLD_FOR
    found = []
    for row in db.execute(select(*map(as_it_stands, COLUMNS)).where(recent).order_by(SpoolRow.id)):
        try:
            found.append(read(row))
        except UNREADABLE as error:
            log.error("rows.unreadable", of="spools", error=came_of(error))
    return found


def troubles(db: Db, core: Core) -> list[Standing]:
    """Those that can keep nothing more for now, the oldest trouble first."""
    found = [one for one in standing(db, core) if one.told.trouble is not None and one.since is not None]
    return sorted(found, key=lambda one: one.since or core.clock())


def not_kept(db: Db, core: Core, session_ids: Collection[str]) -> set[str]:
    """Those of these sessions of which nothing more can be kept now: a running take is in a spool that is in
    trouble."""
    troubled = select(SpoolRow.id).where(
        SpoolRow.told_at > core.clock() - TOLD_FOR, SpoolRow.trouble.is_not(None)
    )
    ids = list(db.scalars(troubled))
    if not ids:
        return set()
    running = select(TakeRow.session_id).where(TakeRow.spool_id.in_(ids), TakeRow.ended_at.is_(None))
    return set(db.scalars(running.where(TakeRow.session_id.in_(session_ids))))
