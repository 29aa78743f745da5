"""Plan of a pass of the retention worker, evidence unit by evidence unit, with the reasons.

A pass asks for `sessions_due`, and then for the plan of each. The plan that a person reads has every unit
that exists. The rule, `fate`, is pure. Due dates were set by `proctoring.units.due`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.holds.model import Hold, HoldKind
from proctoring.holds.rows import HoldRow, HoldUnitRow
from proctoring.recordings import open_takes
from proctoring.sessions.model import OVER, SessionState
from proctoring.sessions.rows import SessionRow
from proctoring.tolerant import UNREADABLE, as_it_stands, readable
from proctoring.units.model import UnitKind, UnitState
from proctoring.units.rows import UnitRow

_HOLD, _UNIT, _SESSION = HoldRow.__table__.c, UnitRow.__table__.c, SessionRow.__table__.c
OF_UNIT = ("session_id", "id", "kind", "state", "due_at")
OF_SESSION = ("ref", "state", "closes_at")
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""No due date is as late. What SQLite sorts behind it is no instant; PostgreSQL's `infinity` is as late."""


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


@dataclass(frozen=True, slots=True)
class Plan:
    """`unreadable`: sessions of which nothing can be said, because a row of theirs cannot be read."""

    lines: list[PlanLine]
    unreadable: list[str]


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


def sessions_due(db: Db, now: datetime) -> list[str]:
    """Sessions of which a unit is to be erased as of `now`, or has a due date that cannot be read. First
    those whose erasure has begun, then those that are due for longest."""
    begun = select(UnitRow.session_id).where(UnitRow.state == UnitState.ERASING.value)
    due = (select(UnitRow.session_id).where(*which).order_by(UnitRow.due_at) for which in _due(now))
    found = (session_id for query in (begun, *due) for session_id in db.scalars(query))
    return list(dict.fromkeys(found))


def count_due(db: Db, now: datetime) -> int:
    """How many units `sessions_due` finds whose erasure has not begun."""
    count = select(func.count()).select_from(UnitRow)
    return sum(db.scalar(count.where(*which)) or 0 for which in _due(now))


def _due(now: datetime) -> tuple[tuple[ColumnElement[bool], ...], ...]:
    """Two conditions that exclude each other, each of which asks for one stretch of an index."""
    retained = UnitRow.state == UnitState.RETAINED.value
    held = exists().where(
        HoldUnitRow.unit_id == UnitRow.id, HoldRow.id == HoldUnitRow.hold_id, HoldRow.released_at.is_(None)
    )
    return (retained, UnitRow.due_at <= now, ~held), (retained, UnitRow.due_at >= NEVER, ~held)


def plan(db: Db, now: datetime, session_id: str | None = None) -> Plan:
    """Every unit that is not erased yet, session by session, the oldest first; or those of one session."""
    columns = *(_UNIT[name] for name in OF_UNIT), *(_SESSION[name] for name in OF_SESSION)
    units = (
        select(*map(as_it_stands, columns))
        .join(SessionRow, SessionRow.id == UnitRow.session_id)
        .where(UnitRow.state != UnitState.ERASED.value)
        .order_by(SessionRow.created_at, UnitRow.session_id, UnitRow.id)
    )
    if session_id is not None:
        units = units.where(UnitRow.session_id == session_id)
    found = [tuple(row) for row in db.execute(units)]
    holds, unreadable = _active_holds(db, session_id)
    recording = {row[0] for row in found if SessionState.RECORDING.value in row}
    gone, lost = _gone(db, recording, now)
    lines = []
    for row in found:
        session_id, unit_id = row[:2]
        try:
            if unit_id in unreadable:
                raise ValueError("a hold of it cannot be read")
            lines.append(_line(readable(row), holds.get(unit_id, []), gone.get(session_id), now))
        except UNREADABLE:
            lost.add(session_id)
    return Plan([line for line in lines if line.session_id not in lost], sorted(lost))


def _line(row: Sequence[Any], holds: list[Hold], gone_since: datetime | None, now: datetime) -> PlanLine:
    session_id, unit_id, kind, state, due_at, ref, session_state, closes_at = row
    opened = why_open(SessionState(session_state), gone_since, closes_at)
    what, why = fate(UnitState(state), due_at, holds, now, opened)
    begun = state == UnitState.ERASING.value
    return PlanLine(session_id, ref, unit_id, UnitKind(kind), due_at, what, why, begun)


def _active_holds(db: Db, session_id: str | None) -> tuple[dict[str, list[Hold]], set[str]]:
    """Of each unit, the first first; and units with one that cannot be read."""
    active = (
        select(HoldUnitRow.unit_id, *(as_it_stands(_HOLD[one.name]) for one in fields(Hold)))
        .join(HoldRow, HoldRow.id == HoldUnitRow.hold_id)
        .where(HoldRow.released_at.is_(None))
        .order_by(HoldRow.placed_at)
    )
    if session_id is not None:
        mine = select(UnitRow.id).where(UnitRow.session_id == session_id)
        active = active.where(HoldUnitRow.unit_id.in_(mine))
    holds: dict[str, list[Hold]] = {}
    unreadable: set[str] = set()
    for unit_id, *values in db.execute(active):
        try:
            hold = Hold(*readable(values))
            holds.setdefault(unit_id, []).append(replace(hold, kind=HoldKind(hold.kind)))
        except UNREADABLE:
            unreadable.add(unit_id)
    return holds, unreadable


def _gone(db: Db, recording: set[str], now: datetime) -> tuple[dict[str, datetime], set[str]]:
    """`open_takes.gone`, and sessions of which it cannot be told."""
    try:
        return open_takes.gone(db, recording, now), set()
    except UNREADABLE:
        gone: dict[str, datetime] = {}
        unreadable: set[str] = set()
        for session_id in recording:
            try:
                gone |= open_takes.gone(db, [session_id], now)
            except UNREADABLE:
                unreadable.add(session_id)
        return gone, unreadable
