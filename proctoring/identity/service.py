"""The copy of the identity card as staff see it."""

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.identity.model import IdentityCopy
from proctoring.identity.rows import IdentityCheckRow
from proctoring.units.model import UnitKind, UnitState
from proctoring.units.rows import UnitRow


def of_session(db: Db, session_id: str) -> IdentityCopy | None:
    """The copy and what was found; None when the exam takes none, or nobody was admitted yet."""
    unit = unit_of(db, session_id)
    return copy_of(db, unit) if unit is not None else None


def copy_of(db: Db, unit: UnitRow) -> IdentityCopy:
    """The copy that is this evidence unit, and what was found."""
    answer = db.get(IdentityCheckRow, unit.session_id)
    return IdentityCopy(
        unit.id, UnitState(unit.state), unit.manifest_size, unit.due_at, answer.model() if answer else None
    )


def unit_of(db: Db, session_id: str) -> UnitRow | None:
    """The identity unit of a session; None when its exam takes no copy."""
    return db.scalar(
        select(UnitRow).where(UnitRow.session_id == session_id, UnitRow.kind == UnitKind.IDENTITY.value)
    )
