"""The decision to erase: one transaction that destroys the keys where rule 2 holds at this very instant.

Placing a hold raises the counter that this update asks for, on the same row. So one of the two finds the
other's work, at every isolation level. Then, with the rows locked, the ledger must tell the same
(`retention.guard`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.quarantine.service import check_none
from proctoring.units.model import KEYLESS_VALUES
from proctoring.units.rows import UnitRow
from proctoring.units.service import begin_erasure
from retention.forget import forget
from retention.guard import Guard


class HeldMeanwhile(Exception):
    """Rule 2 does not hold any more: a hold came first, or the due date moved."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`now`: the instant as of which units are due. `despite`: a person has looked and erases although rows
    and ledger disagree."""

    now: datetime
    actor: Actor
    despite: bool = False


def decide(db: Db, core: Core, guard: Guard, unit_ids: Iterable[str], decision: Decision) -> None:
    """Begin to erase these units of one session, all or none: the caller's transaction must end when this
    raises HeldMeanwhile, Disputed or Quarantined. A unit whose erasure has begun already is left as it is."""
    check_none(db)
    ordered = sorted(unit_ids)  # the order in which everybody locks units
    decided = [unit_id for unit_id in ordered if _decide(db, core, unit_id, decision.now)]
    confirmed = "person"
    if not decision.despite:
        confirmed = guard.confirm(db, ordered, decided, decision.now)
        if not confirmed:
            raise HeldMeanwhile
    for unit_id in decided:
        _forget(db, unit_id, decision, confirmed)


def _decide(db: Db, core: Core, unit_id: str, now: datetime) -> bool:
    """Whether it was decided now; its erasure had begun otherwise. Raises HeldMeanwhile."""
    if not begin_erasure(db, unit_id, core.new_id(), core.clock(), now):
        if db.scalar(select(UnitRow.state).where(UnitRow.id == unit_id)) in KEYLESS_VALUES:
            return False
        raise HeldMeanwhile
    return True


def _forget(db: Db, unit_id: str, decision: Decision, confirmed: str) -> None:
    unit = db.get_one(UnitRow, unit_id, populate_existing=True)
    assert unit.erasing_at is not None
    forget(db, unit_id)
    enter(
        db,
        unit.erasing_at,
        decision.actor,
        Action.EVIDENCE_ERASE,
        unit.session_id,
        unit_id=unit_id,
        erase_id=unit.erase_id,
        as_of=iso(decision.now),
        confirmed=confirmed,
    )
