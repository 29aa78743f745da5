"""Plan of a pass of the retention worker, evidence unit by evidence unit, with the reasons.

Pure: the database is asked what exists, the arithmetic is in `proctoring.holds.model`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.holds.model import Hold
from proctoring.holds.rows import HoldRow, HoldUnitRow
from proctoring.recordings import open_takes
from proctoring.recordings.model import UnitKind, UnitState
from proctoring.recordings.rows import UnitRow
from proctoring.sessions.model import OVER, SessionState
from proctoring.sessions.rows import SessionRow


class Fate(StrEnum):
    GOES = "goes"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One unit's fate at the instant of the plan."""

    session_id: str
    ref: str
    unit_id: str
    kind: UnitKind
    due_at: datetime
    fate: Fate
    why: str
    begun: bool = False  # its key is destroyed already


def why_open(state: SessionState, gone_since: datetime | None, closes_at: datetime) -> str:
    """Why a unit is not closed yet, by its session. `gone_since`: the candidate, of one that records."""
    if state in OVER:
        return "ended; its last pieces are awaited"
    until = f"ends at {iso(closes_at)} at the latest"
    if state is not SessionState.RECORDING:
        return f"not begun; {until}"
    return "still recording" if gone_since is None else f"not ended; gone since {iso(gone_since)}, {until}"


def fate(
    state: UnitState, due_at: datetime, holds: list[Hold], now: datetime, open_why: str = ""
) -> tuple[Fate, str]:
    """Rule 2: erase only what is retained, unheld and due; what is half erased goes on being erased. One that
    is open stays for the reason given."""
    if state is UnitState.ERASING:
        return Fate.GOES, "its erasure has begun and is finished now"
    if state is UnitState.OPEN:
        return Fate.STAYS, open_why
    if holds:
        first = holds[0]
        more = f" and {len(holds) - 1} more" if len(holds) > 1 else ""
        return Fate.STAYS, f"held: {first.kind.value} since {iso(first.placed_at)}{more}"
    if now < due_at:
        return Fate.STAYS, f"due {iso(due_at)}"
    return Fate.GOES, f"due since {iso(due_at)}, nothing holds it"


def plan(db: Db, now: datetime) -> list[PlanLine]:
    """Every unit that is not erased yet, session by session, the oldest first."""
    holds: dict[str, list[Hold]] = {}
    active = (
        select(HoldUnitRow.unit_id, HoldRow)
        .join(HoldRow, HoldRow.id == HoldUnitRow.hold_id)
        .where(HoldRow.released_at.is_(None))
        .order_by(HoldRow.placed_at)
    )
    for unit_id, hold in db.execute(active):
        holds.setdefault(unit_id, []).append(hold.model())
    units = (
        select(UnitRow, SessionRow)
        .join(SessionRow, SessionRow.id == UnitRow.session_id)
        .where(UnitRow.state != UnitState.ERASED.value)
        .order_by(SessionRow.created_at, UnitRow.session_id, UnitRow.id)
    )
    found = db.execute(units).all()
    recording = {session.id for _, session in found if session.state == SessionState.RECORDING.value}
    gone = open_takes.gone(db, recording, now)
    lines = []
    for unit, session in found:
        ref = session.ref
        opened = why_open(SessionState(session.state), gone.get(session.id), session.closes_at)
        what, why = fate(UnitState(unit.state), unit.due_at, holds.get(unit.id, []), now, opened)
        kind = UnitKind(unit.kind)
        begun = unit.state == UnitState.ERASING.value
        lines.append(PlanLine(unit.session_id, ref, unit.id, kind, unit.due_at, what, why, begun))
    return lines
