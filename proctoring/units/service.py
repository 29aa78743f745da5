"""Acts on evidence units: each is one conditional update of the unit's row.

So of those who hold, retain and erase a unit at once exactly one wins, at every isolation level. The caller
tells the ledger, in the same transaction.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session as Db

from proctoring.summaries.service import changed
from proctoring.units.model import LIVING_VALUES, UnitState
from proctoring.units.rows import UnitRow
from proctoring.units.summary import FOOTAGE


def raise_holds(db: Db, unit_id: str) -> bool:
    """Count one hold more, unless the unit's erasure has begun: whether it is held now."""
    raised = (
        update(UnitRow)
        .where(UnitRow.id == unit_id, UnitRow.state.in_(LIVING_VALUES))
        .values(active_holds=UnitRow.active_holds + 1)
        .returning(UnitRow.session_id)
    )
    return _changed(db, db.scalar(raised))


def lower_holds(db: Db, unit_ids: Iterable[str]) -> None:
    """Count one hold less on each of these units, in their order."""
    for unit_id in unit_ids:
        lowered = update(UnitRow).where(UnitRow.id == unit_id).values(active_holds=UnitRow.active_holds - 1)
        _changed(db, db.scalar(lowered.returning(UnitRow.session_id)))


def retain(db: Db, session_id: str) -> list[tuple[str, int, str]]:
    """Retain every open unit of the session: the id of each, with length and head of its manifest, by id. The
    caller has locked the units."""
    retained = (
        update(UnitRow)
        .where(UnitRow.session_id == session_id, UnitRow.state == UnitState.OPEN.value)
        .values(state=UnitState.RETAINED.value)
        .returning(UnitRow.id, UnitRow.manifest_size, UnitRow.manifest_head)
    )
    return sorted((unit_id, size, head) for unit_id, size, head in db.execute(retained))


def begin_erasure(db: Db, unit_id: str, erase_id: str, at: datetime, now: datetime) -> bool:
    """Destroy the key of a unit that is retained, not held, and due at `now` (rule 2): whether it was."""
    is_due = (
        UnitRow.state == UnitState.RETAINED.value,
        UnitRow.active_holds == 0,
        UnitRow.due_at <= now,
    )
    return _destroy_key(db, unit_id, is_due, erase_id=erase_id, erasing_at=at)


def begin_proven_erasure(db: Db, unit_id: str, erase_id: str, at: datetime, due_at: datetime) -> bool:
    """Destroy the key of a unit whose erasure a signed proof tells, with its due date: whether it was still
    there."""
    is_living = (UnitRow.state.in_(LIVING_VALUES),)
    return _destroy_key(db, unit_id, is_living, erase_id=erase_id, erasing_at=at, due_at=due_at)


def finish_erasure(db: Db, unit_id: str, at: datetime) -> bool:
    """Nothing of the unit is left in the store: whether its erasure had begun, and not ended yet."""
    finished = (
        update(UnitRow)
        .where(UnitRow.id == unit_id, UnitRow.state == UnitState.ERASING.value)
        .values(state=UnitState.ERASED.value, erased_at=at)
        .returning(UnitRow.id)
    )
    return db.scalar(finished) is not None


def _destroy_key(db: Db, unit_id: str, where: tuple[ColumnElement[bool], ...], **values: Any) -> bool:
    destroyed = (
        update(UnitRow)
        .where(UnitRow.id == unit_id, *where)
        .values(
            state=UnitState.ERASING.value,
            sealed_private_key=None,
            **values,
        )
        .returning(UnitRow.session_id)
    )
    return _changed(db, db.scalar(destroyed))


def _changed(db: Db, session_id: str | None) -> bool:
    """Whether a unit was changed, one of this session."""
    if session_id is not None:
        changed(db, session_id, FOOTAGE)
    return session_id is not None
