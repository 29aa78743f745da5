"""The quarantine as the database remembers it: every process asks here, also one that sees no copy."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Action, Actor
from proctoring.custody.service import enter, lock_head
from proctoring.errors import Quarantined
from proctoring.quarantine.model import Head, Quarantine
from proctoring.quarantine.rows import QuarantineRow

_IN_FORCE = select(QuarantineRow).where(QuarantineRow.lifted_at.is_(None)).limit(1)


def in_force(db: Db) -> Quarantine | None:
    """The quarantine that nobody has lifted."""
    row = db.scalar(_IN_FORCE)
    return row.model() if row else None


def check_none(db: Db) -> None:
    """Raises Quarantined while one is in force. What serves, begins or erases asks in its transaction."""
    if in_force(db) is not None:
        raise Quarantined(
            "This service was put back to an older copy of its records. Until they are whole again, nothing "
            "is shown, recorded or erased.",
            "Come back later. The operator finds what is missing with `proctoring quarantine show`.",
        )


def begin(db: Db, core: Core, kept: Head, lost: Head) -> Quarantine:
    """Nothing is served, begun or erased from here on; the one in force stays as it is."""
    lock_head(db)  # of two who notice at once one begins it
    before = in_force(db)
    if before is not None:
        return before
    row = QuarantineRow(
        id=core.new_id(),
        begun_at=core.clock(),
        kept=kept.size,
        kept_root=kept.root.hex(),
        lost=lost.size,
        lost_root=lost.root.hex(),
        lifted_at=None,
        lifted_by=None,
    )
    db.add(row)
    db.flush()
    enter(
        db,
        row.begun_at,
        SYSTEM,
        Action.QUARANTINE_BEGIN,
        quarantine=row.id,
        kept=row.kept,
        kept_root=row.kept_root,
        lost=row.lost,
        lost_root=row.lost_root,
    )
    return row.model()


def end(db: Db, core: Core, by: Actor, quarantine: Quarantine, reason: str) -> bool:
    """A person lifts it; the ledger names both histories. False when somebody else was first."""
    now = core.clock()
    lifted = (
        update(QuarantineRow)
        .where(QuarantineRow.id == quarantine.id, QuarantineRow.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by=by.id)
        .returning(QuarantineRow.id)
    )
    if db.scalar(lifted) is None:
        return False
    enter(
        db,
        now,
        by,
        Action.LEDGER_RESTORED,
        quarantine=quarantine.id,
        kept=quarantine.kept,
        kept_root=quarantine.kept_root,
        lost=quarantine.lost,
        lost_root=quarantine.lost_root,
        reason=reason,
    )
    return True
