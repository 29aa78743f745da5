"""Flags raised by rules, proctors and candidates, and what a person said of them."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.committed import commit
from proctoring.custody.model import SYSTEM, Action, Actor
from proctoring.custody.service import enter
from proctoring.errors import Conflict, NotFound
from proctoring.flags.model import Category, Flag, FlagSource, FlagState, Severity, check_note, check_range
from proctoring.flags.rows import FlagRow
from proctoring.flags.summary import FLAGS
from proctoring.holds.service import check_not_restricted
from proctoring.sessions.service import session_row
from proctoring.summaries.service import changed

RULE_FLAGS_MAX = 300
"""Of one session, all rules together."""


def add(
    db: Db,
    core: Core,
    actor: Actor,
    session_id: str,
    *,
    start_ms: int,
    end_ms: int,
    category: Category,
    severity: Severity,
    note: str,
    session_ms: int,
) -> Flag:
    """Raise a flag on an instant or a range of the session's time line, which is `session_ms` long now
    (`recordings.length`). Raises Invalid outside it, Denied while the session is restricted."""
    check_not_restricted(db, session_id)
    check_range(start_ms, end_ms, session_ms)
    source, note = FlagSource.PROCTOR, check_note(note)
    return _insert(
        db,
        core,
        actor,
        session_id,
        start_ms=start_ms,
        end_ms=end_ms,
        source=source,
        category=category,
        severity=severity,
        note=note,
    )


def raise_by_rule(
    db: Db, core: Core, session_id: str, *, at_ms: int, category: Category, severity: Severity, note: str
) -> Flag:
    """What a rule event raises by itself: something to look at, never a verdict, and it holds nothing.

    From RULE_FLAGS_MAX of a session on no further one is raised: the last one reaches to here instead.
    """
    mine = FlagRow.session_id == session_id, FlagRow.source == FlagSource.RULE.value
    if (db.scalar(select(func.count()).select_from(FlagRow).where(*mine)) or 0) >= RULE_FLAGS_MAX:
        newest = select(FlagRow.id).where(*mine).order_by(FlagRow.raised_at.desc(), FlagRow.id.desc())
        flag_id = db.scalars(newest.limit(1)).one()
        lengthen(db, core, flag_id, at_ms)
        return load(db, flag_id)
    return _insert(
        db,
        core,
        SYSTEM,
        session_id,
        start_ms=at_ms,
        end_ms=at_ms,
        source=FlagSource.RULE,
        category=category,
        severity=severity,
        note=note,
    )


def raise_by_candidate(
    db: Db, core: Core, actor: Actor, session_id: str, *, at_ms: int, category: Category, note: str
) -> Flag:
    """What the candidate says of this moment, in their own words."""
    return _insert(
        db,
        core,
        actor,
        session_id,
        start_ms=at_ms,
        end_ms=at_ms,
        source=FlagSource.CANDIDATE,
        category=category,
        severity=Severity.MINOR,
        note=check_note(note),
    )


def lengthen(db: Db, core: Core, flag_id: str, end_ms: int) -> None:
    """Let a flag reach until `end_ms`, if it does not already."""
    row = db.get_one(FlagRow, flag_id, with_for_update=True)
    if end_ms <= row.end_ms:
        return
    row.end_ms = end_ms
    reach = commit(row, "end_ms")
    enter(db, core.clock, SYSTEM, Action.FLAG_LENGTHEN, row.session_id, flag=flag_id, **reach)


def decide(db: Db, core: Core, actor: Actor, flag_id: str, state: FlagState) -> Flag:
    """Confirm or dismiss a flag, or open it again. Raises NotFound, Conflict when it is in that state, Denied
    while the session is restricted."""
    session = session_row(db, load(db, flag_id).session_id, lock=True)
    check_not_restricted(db, session.id)
    row = db.get_one(FlagRow, flag_id, with_for_update=True)
    if row.state == state.value:
        raise Conflict(f"The flag is {state.value} already.", "Load the page again.")
    row.state = state.value
    changed(db, row.session_id, FLAGS)
    row.decided_by = actor.id
    row.decided_at = core.clock()
    db.flush()
    enter(db, row.decided_at, actor, Action.FLAG_DECIDE, row.session_id, flag=flag_id, state=state.value)
    return row.model()


def of_session(db: Db, session_id: str) -> list[Flag]:
    """All flags of a session in the order of the time line."""
    query = select(FlagRow).where(FlagRow.session_id == session_id).order_by(FlagRow.start_ms, FlagRow.id)
    return [row.model() for row in db.scalars(query)]


def load(db: Db, flag_id: str) -> Flag:
    """Raises NotFound."""
    row = db.get(FlagRow, flag_id)
    if row is None:
        raise NotFound("There is no such flag.", "Load the page again.")
    return row.model()


def _insert(
    db: Db,
    core: Core,
    actor: Actor,
    session_id: str,
    *,
    start_ms: int,
    end_ms: int,
    source: FlagSource,
    category: Category,
    severity: Severity,
    note: str,
) -> Flag:
    row = FlagRow(
        id=core.new_id(),
        session_id=session_id,
        start_ms=start_ms,
        end_ms=end_ms,
        source=source.value,
        category=category.value,
        severity=severity.value,
        note=note,
        state=FlagState.OPEN.value,
        raised_by=actor.id,
        raised_at=core.clock(),
    )
    words = commit(row, "severity", "note", "start_ms", "end_ms")
    db.add(row)
    db.flush()
    changed(db, session_id, FLAGS)
    enter(
        db,
        row.raised_at,
        actor,
        Action.FLAG_ADD,
        session_id,
        flag=row.id,
        category=category.value,
        source=source.value,
        **words,
    )
    return row.model()
