"""Loads what the rows say of one session, for a comparison with its ledger."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.appeals.rows import AppealRow
from proctoring.holds.rows import HoldRow, HoldUnitRow
from proctoring.incidents.rows import IncidentRow
from proctoring.proofs.disputes import SessionFacts, UnitFacts
from proctoring.proofs.states.deciding import OPEN_APPEALS, OPEN_INCIDENTS
from proctoring.recordings.rows import TakeRow
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow


def session_facts(db: Db, session_id: str, deciding: Collection[str] = ()) -> SessionFacts:
    """`deciding`: units whose erasure the caller's transaction has decided, and so locked; they count as they
    were before. Whatever changes one of these rows locks all living units of the session."""
    holds = select(HoldRow.id).where(HoldRow.session_id == session_id, HoldRow.released_at.is_(None))
    incidents = select(IncidentRow.id, IncidentRow.hold_id).where(
        IncidentRow.session_id == session_id, IncidentRow.state.in_(OPEN_INCIDENTS)
    )
    appeals = select(AppealRow.id, AppealRow.hold_id).where(
        AppealRow.session_id == session_id, AppealRow.state.in_(OPEN_APPEALS)
    )
    return SessionFacts(
        frozenset(db.scalars(holds)),
        {row.id: row.hold_id for query in (incidents, appeals) for row in db.execute(query)},
        _units(db, session_id, deciding),
    )


def _units(db: Db, session_id: str, deciding: Collection[str]) -> tuple[UnitFacts, ...]:
    mine = select(UnitRow).where(UnitRow.session_id == session_id).order_by(UnitRow.id)
    units = list(db.scalars(mine.execution_options(populate_existing=True)))
    ids = [unit.id for unit in units]
    covered: dict[str, set[str]] = defaultdict(set)
    holding = (
        select(HoldUnitRow.unit_id, HoldUnitRow.hold_id)
        .join(HoldRow, HoldRow.id == HoldUnitRow.hold_id)
        .where(HoldUnitRow.unit_id.in_(ids), HoldRow.released_at.is_(None))
    )
    for unit_id, hold_id in db.execute(holding):
        covered[unit_id].add(hold_id)
    taken = set(db.scalars(select(TakeRow.unit_id).where(TakeRow.unit_id.in_(ids)).distinct()))
    return tuple(
        UnitFacts(
            unit.id,
            unit.kind,
            UnitState.RETAINED if unit.id in deciding else UnitState(unit.state),
            unit.due_at,
            unit.active_holds,
            frozenset(covered[unit.id]),
            empty=unit.manifest_size == 0 and unit.id not in taken,
        )
        for unit in units
    )
