"""The decision to erase: one transaction that destroys the keys where rule 2 holds at this very instant.

Whoever places a hold raises the counter that this update asks for, on the same row: one of the two finds
the other's work, at every isolation level.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.quarantine.service import check_none
from proctoring.recordings.model import UnitState
from proctoring.recordings.rows import LoggedEventRow, TakeRow, UnitRow
from proctoring.signals.service import forget

BEGUN = (UnitState.ERASING.value, UnitState.ERASED.value)


class HeldMeanwhile(Exception):
    """Rule 2 does not hold any more: a hold came first, or the due date moved."""


def decide(db: Db, core: Core, unit_ids: Iterable[str], now: datetime, actor: Actor) -> None:
    """Begin to erase these units of one session, all or none: the caller's transaction must end when this
    raises HeldMeanwhile, or Quarantined. A unit whose erasure has begun already is left as it is."""
    check_none(db)
    for unit_id in sorted(unit_ids):  # the order in which everybody locks units
        _decide(db, core, unit_id, now, actor)


def _decide(db: Db, core: Core, unit_id: str, now: datetime, actor: Actor) -> None:
    erase_id, erasing_at = core.new_id(), core.clock()
    decided = (
        update(UnitRow)
        .where(
            UnitRow.id == unit_id,
            UnitRow.state == UnitState.RETAINED.value,
            UnitRow.active_holds == 0,
            UnitRow.due_at <= now,
        )
        .values(
            state=UnitState.ERASING.value,
            sealed_private_key=None,
            erase_id=erase_id,
            erasing_at=erasing_at,
        )
        .returning(UnitRow.session_id)
    )
    session_id = db.scalar(decided)
    if session_id is None:
        if db.scalar(select(UnitRow.state).where(UnitRow.id == unit_id)) in BEGUN:
            return
        raise HeldMeanwhile
    db.execute(update(TakeRow).where(TakeRow.unit_id == unit_id).values(sealed_key=None))
    db.execute(delete(LoggedEventRow).where(LoggedEventRow.unit_id == unit_id))
    forget(db, unit_id)
    enter(
        db, erasing_at, actor, Action.EVIDENCE_ERASE, session_id, unit_id, erase_id=erase_id, as_of=iso(now)
    )
