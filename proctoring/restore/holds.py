"""Holds restored as the copy proves them: placed, released, or ended with the evidence that they covered.

The ledger has them like any other; `restored` says that no person decided again. The reason is in the lost
records, so a hold that is placed again must be reviewed now.
"""

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.committed import commit
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.holds.model import RESTORED, HoldKind
from proctoring.holds.rows import HoldRow, HoldUnitRow
from proctoring.proofs.bodies import Act
from proctoring.units.service import lower_holds, raise_holds

REASON = "Placed before the database was restored; its reason was lost."


def place_again(db: Db, core: Core, actor: Actor, act: Act) -> bool:
    """Under its own id, on every unit of it that lives here; whether there was any. Harmless to repeat."""
    assert act.hold is not None
    if db.get(HoldRow, act.hold) is not None:
        return False
    held = [unit_id for unit_id in sorted(act.units) if raise_holds(db, unit_id)]
    if not held:
        return False
    row = HoldRow(
        id=act.hold,
        session_id=act.session,
        kind=HoldKind(act.kind or "").value,
        reason=REASON,
        owner=RESTORED,
        placed_at=act.at,
        review_at=core.clock(),
        released_at=None,
        released_by=None,
    )
    db.add(row)
    db.flush()
    db.add_all(HoldUnitRow(hold_id=act.hold, unit_id=unit_id) for unit_id in held)
    enter(
        db,
        core.clock,
        actor,
        Action.HOLD_PLACE,
        act.session,
        hold=act.hold,
        kind=act.kind,
        units=len(held),
        on=" ".join(held),
        placed_at=iso(act.at),
        restored=1,
        **commit(row, "reason", "owner", "review_at"),
    )
    return True


def release_again(db: Db, core: Core, actor: Actor, act: Act) -> bool:
    """Whether it was in force here. Harmless to repeat."""
    assert act.hold is not None
    return _end(db, core, actor, act.hold)


def end_holds_on(db: Db, core: Core, actor: Actor, unit_id: str) -> None:
    """The unit is known to be erased: what holds it here came after, or its release was lost."""
    holding = (
        select(HoldUnitRow.hold_id)
        .join(HoldRow, HoldRow.id == HoldUnitRow.hold_id)
        .where(HoldUnitRow.unit_id == unit_id, HoldRow.released_at.is_(None))
    )
    for hold_id in list(db.scalars(holding.order_by(HoldUnitRow.hold_id))):
        row = db.get_one(HoldUnitRow, (hold_id, unit_id))
        db.delete(row)
        lower_holds(db, [unit_id])
        db.flush()
        left = select(HoldUnitRow.unit_id).where(HoldUnitRow.hold_id == hold_id).limit(1)
        if db.scalar(left) is None:
            _end(db, core, actor, hold_id)


def _end(db: Db, core: Core, actor: Actor, hold_id: str) -> bool:
    now = core.clock()
    ended = (
        update(HoldRow)
        .where(HoldRow.id == hold_id, HoldRow.released_at.is_(None))
        .values(released_at=now, released_by=RESTORED)
        .returning(HoldRow.session_id, HoldRow.kind)
    )
    found = db.execute(ended).first()
    if found is None:
        return False
    covered = select(HoldUnitRow.unit_id).where(HoldUnitRow.hold_id == hold_id).order_by(HoldUnitRow.unit_id)
    lower_holds(db, list(db.scalars(covered)))
    enter(
        db,
        now,
        actor,
        Action.HOLD_RELEASE,
        found.session_id,
        hold=hold_id,
        kind=found.kind,
        restored=1,
    )
    return True
