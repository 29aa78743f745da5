"""A pass of the retention worker foretold: what would go, what would stay, and which sessions are stopped.

The ledger is asked as it is before anything goes; nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session as Db

from proctoring.holds.worker_state import brake_in_force
from proctoring.proofs.stops import SEPARATOR, Stop
from proctoring.proofs.unreadable import ROW_UNREADABLE
from retention.guard import Disputed, Guard
from retention.outcome import BRAKED, STOPPED, ErasureOutcome
from retention.plan import Fate, PlanLine, plan, sessions_due
from retention.written import WrittenLine, written


@dataclass(frozen=True, slots=True)
class Foretold:
    """`outcomes`: each unit with the failure that it would have. `stops`: those that would be in force
    afterwards, whether they are today or not. `written`: what people wrote, and the exam records."""

    outcomes: tuple[ErasureOutcome, ...]
    stops: tuple[Stop, ...]
    written: tuple[WrittenLine, ...]


def foretell(db: Db, guard: Guard, now: datetime) -> Foretold:
    """What a pass as of `now` would do. A brake that it would only then pull is not foretold."""
    brake = brake_in_force(db)
    outcomes: list[ErasureOutcome] = []
    looked_at: set[str] = set()
    found: list[Stop] = []
    planned, due = plan(db, now), set(sessions_due(db, now))
    for session_id in due.intersection(planned.unreadable):
        looked_at.add(session_id)
        found.append(Stop(session_id, ROW_UNREADABLE, str(guard.unreadable(session_id)), now))
    for session_id, group in groupby(planned.lines, key=lambda line: line.session_id):
        mine = list(group)
        going = [line for line in mine if line.fate is Fate.GOES]
        braked = [] if brake is None else [line for line in going if not line.begun]
        going = [line for line in going if line not in braked]
        failure = None
        if going:
            looked_at.add(session_id)
            if disputed := _disputed(db, guard, going, now):
                failure = f"{STOPPED}: {disputed}"
                codes = SEPARATOR.join(sorted({one.code for one in disputed.found}))
                found.append(Stop(session_id, codes, str(disputed), now))
        for line in mine:
            because = f"{BRAKED}: {brake.detail}" if brake is not None and line in braked else None
            outcomes.append(ErasureOutcome(line, failure=failure if line in going else because))
    lines = written(db, now, _staying(outcomes), f"{BRAKED}: {brake.detail}" if brake else None)
    return Foretold(tuple(outcomes), (*guard.stopped(db, but=looked_at), *found), tuple(lines))


def _staying(outcomes: Sequence[ErasureOutcome]) -> set[str]:
    """Sessions of whose recording something would be left."""
    return {
        one.line.session_id
        for one in outcomes
        if not one.line.begun and (one.line.fate is Fate.STAYS or one.failure)
    }


def _disputed(db: Db, guard: Guard, going: Sequence[PlanLine], now: datetime) -> Disputed | None:
    decided = [line.unit_id for line in going if not line.begun]
    try:
        with guard.reading(going[0].session_id):
            guard.confirm(db, [line.unit_id for line in going], decided, now)
    except Disputed as disputed:
        return disputed
    return None
