"""Looks: of which streams, among those that a decision names, the ledger has a view of one person."""

from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import Session as Db

from proctoring.custody.model import Action, Actor
from proctoring.custody.rows import EntryRow
from proctoring.flags.rows import FlagRow
from proctoring.incidents.model import check_looked
from proctoring.recordings.rows import SegmentRow
from proctoring.units.model import LIVING_VALUES, STREAM_VALUES
from proctoring.units.rows import UnitRow


def check(db: Db, actor: Actor, session_id: str, flag_ids: Collection[str]) -> None:
    """Raises Denied unless the actor looked at every stream that a decision about these flags names."""
    named = _named(db, session_id, flag_ids)
    viewed = select(EntryRow.unit_id).where(
        EntryRow.session_id == session_id,
        EntryRow.actor == actor.id,
        EntryRow.action == Action.EVIDENCE_VIEW.value,
        EntryRow.unit_id.in_(named),
    )
    check_looked(named.values(), {named[unit_id] for unit_id in db.scalars(viewed) if unit_id})


def _named(db: Db, session_id: str, flag_ids: Collection[str]) -> dict[str, str]:
    """Streams by their unit: those with media in a flag's stretch. All that have media, where no flag is
    named or no stretch has any."""
    recorded = (
        select(UnitRow.id, UnitRow.kind)
        .join(SegmentRow, SegmentRow.unit_id == UnitRow.id)
        .where(
            UnitRow.session_id == session_id,
            UnitRow.kind.in_(STREAM_VALUES),
            UnitRow.state.in_(LIVING_VALUES),
        )
        .distinct()
        .order_by(UnitRow.kind)
    )
    flags = list(db.scalars(select(FlagRow).where(FlagRow.id.in_(flag_ids))))
    until = SegmentRow.start_ms + SegmentRow.duration_ms
    within = [(SegmentRow.start_ms <= flag.end_ms) & (until >= flag.start_ms) for flag in flags]
    there = db.execute(recorded.where(or_(*within))).all() if within else []
    return {row.id: row.kind for row in there or db.execute(recorded).all()}
