"""Open procedures, and the holds that they placed: who releases one by hand closes the procedure instead."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.appeals.model import AppealState
from proctoring.appeals.rows import AppealRow
from proctoring.core import Core
from proctoring.custody.model import Actor
from proctoring.holds import service as holds
from proctoring.holds.model import Hold, HoldKind
from proctoring.incidents.model import OPEN
from proctoring.incidents.rows import IncidentRow


def release(db: Db, core: Core, actor: Actor, hold_id: str) -> Hold:
    """End a hold by hand. Raises as `holds.service.release`: Conflict while the incident or appeal that
    placed it is open, since closing that ends the hold."""
    return holds.release(db, core, actor, hold_id, open_procedures(db, [hold_id]).get(hold_id))


def open_procedures(db: Db, hold_ids: Collection[str]) -> dict[str, HoldKind]:
    """Of those of these holds whose incident or appeal is open: which of the two."""
    going_on = [state.value for state in OPEN]
    found: dict[str, HoldKind] = {}
    for kind, column, is_open in (
        (HoldKind.APPEAL, AppealRow.hold_id, AppealRow.state == AppealState.LODGED.value),
        (HoldKind.INCIDENT, IncidentRow.hold_id, IncidentRow.state.in_(going_on)),
    ):
        mine = select(column).where(is_open, column.in_(hold_ids))
        found |= dict.fromkeys(db.scalars(mine), kind)
    return found
