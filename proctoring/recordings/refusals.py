"""A refused key is reported everywhere: in the ledger for good, on the time line, in the metrics.

Once for each unit and wrong key, however often a publisher tries again.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.clock import ms_between
from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Action
from proctoring.custody.rows import EntryRow
from proctoring.custody.service import enter
from proctoring.flags.model import Category, Severity
from proctoring.flags.service import raise_by_rule
from proctoring.sessions.service import session_row
from storage.keys.unit_tags import UnitPublicKey

NOTE = "Recording refused: the key is not the one that was made for it"


def tell(db: Db, core: Core, unit: UnitPublicKey) -> bool:
    """Enter that nothing was sealed to this public half, and flag it; whether that was news."""
    session = session_row(db, unit.session, lock=True)
    told = select(EntryRow.detail).where(
        EntryRow.unit_id == unit.unit, EntryRow.action == Action.TAKE_REFUSE.value
    )
    if unit.digest() in {detail["key"] for detail in db.scalars(told)}:
        return False
    enter(
        db,
        core.clock,
        SYSTEM,
        Action.TAKE_REFUSE,
        unit.session,
        unit_id=unit.unit,
        stream=unit.kind,
        key=unit.digest(),
    )
    at_ms = max(0, ms_between(session.started_at, core.clock())) if session.started_at else 0
    raise_by_rule(
        db, core, unit.session, at_ms=at_ms, category=Category.TECHNICAL, severity=Severity.MAJOR, note=NOTE
    )
    return True
