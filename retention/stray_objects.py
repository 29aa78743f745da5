"""Second look: erased objects must stay absent, and objects that were never acknowledged are deleted.

Both parts only list and delete. A failure of the store is logged, and the next pass tries again. Both ask the
ledger first: a row alone makes nothing erased, and nothing a stray.
"""

from datetime import datetime

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Action
from proctoring.custody.service import enter
from proctoring.holds import worker_state
from proctoring.quarantine.service import check_none
from proctoring.recordings.rows import TakeRow, stored
from proctoring.sessions.rows import SessionRow
from proctoring.signals import service as signals
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from retention.guard import Disputed, Guard
from retention.rules import Rules
from storage.errors import StoreFailed
from storage.objects.shred import Shredder

log = structlog.get_logger()


def audit_erased(core: Core, shredder: Shredder, guard: Guard, rules: Rules, now: datetime) -> int:
    """Once a day, list the prefixes erased within the backup horizon. Returns the units of which something
    was found.

    Each find (a restored bucket, a late writer) is an alarm in log and metric, a ledger entry, and is
    deleted.
    """
    with core.db.begin() as db:
        if not worker_state.begin_audit(db, now, now - rules.audit_every):
            return 0
    erased = select(UnitRow.id, UnitRow.session_id).where(
        UnitRow.state == UnitState.ERASED.value, UnitRow.erased_at > now - rules.backup_horizon
    )
    with core.db.read() as db:
        units = [tuple(row) for row in db.execute(erased.order_by(UnitRow.id))]
    return sum(_audit_unit(core, shredder, guard, *unit) for unit in units)


def _audit_unit(core: Core, shredder: Shredder, guard: Guard, unit_id: str, session_id: str) -> bool:
    try:
        if shredder.is_gone(unit_id):
            return False
        # Entered first: a crash while deleting must not hide that something was there.
        with guard.reading(session_id), core.db.begin() as db:
            guard.check_erased(db, db.get_one(UnitRow, unit_id))
            enter(db, core.clock, SYSTEM, Action.AUDIT_FINDING, session_id, unit_id=unit_id)
            worker_state.count(db, findings=1)
        log.error("audit.erased_evidence_found", unit=unit_id)
        removed = shredder.shred(unit_id)
    except StoreFailed as error:
        log.error("audit.incomplete", unit=unit_id, detail=str(error))
        return True
    except Disputed as disputed:
        guard.stop(disputed)
        return True
    log.error("audit.erased_again", unit=unit_id, objects=removed.objects, uploads=removed.uploads)
    return True


def sweep_strays(core: Core, shredder: Shredder, guard: Guard, rules: Rules, now: datetime) -> int:
    """Remove objects and uploads without a leaf from units that nothing can be added to; how many (rule 8).

    A unit is retained only when its last take has ended, so what has no leaf by then gets none. Each unit is
    swept once, `orphans_after` after its session and takes ended.
    """
    with core.db.read() as db:
        check_none(db)  # what has no leaf here may have one in the records that are missing
        units = _to_sweep(db, now - rules.orphans_after)
    return sum(_sweep_unit(core, shredder, guard, *unit) for unit in units)


def _to_sweep(db: Db, ended_before: datetime) -> list[tuple[str, str]]:
    """Units with their sessions."""
    last_end = (
        select(func.max(TakeRow.ended_at)).where(TakeRow.unit_id == UnitRow.id).correlate(UnitRow)
    ).scalar_subquery()
    query = (
        select(UnitRow.id, UnitRow.session_id)
        .join(SessionRow, SessionRow.id == UnitRow.session_id)
        .where(
            UnitRow.state == UnitState.RETAINED.value,
            UnitRow.swept_at.is_(None),
            SessionRow.ended_at <= ended_before,
            func.coalesce(last_end, SessionRow.ended_at) <= ended_before,
        )
    )
    return [(unit.id, unit.session_id) for unit in db.execute(query.order_by(UnitRow.id))]


def _sweep_unit(core: Core, shredder: Shredder, guard: Guard, unit_id: str, session_id: str) -> int:
    try:
        with guard.reading(session_id), core.db.read() as db:
            guard.check_manifest(db, db.get_one(UnitRow, unit_id))
    except Disputed as disputed:
        guard.stop(disputed)
        return 0
    with core.db.read() as db:
        kept = {row.object_key for row in stored(db, unit_id)}
        kept |= signals.object_keys(db, unit_id)
    try:
        removed = shredder.sweep(unit_id, kept)
    except StoreFailed as error:
        log.error("sweep.incomplete", unit=unit_id, detail=str(error))
        return 0
    orphans = removed.objects + removed.markers + removed.uploads
    with core.db.begin() as db:
        db.execute(update(UnitRow).where(UnitRow.id == unit_id).values(swept_at=core.clock()))
        if orphans:
            enter(db, core.clock, SYSTEM, Action.ORPHANS_REMOVE, session_id, unit_id=unit_id, objects=orphans)
            worker_state.count(db, orphans=orphans)
    return orphans
