"""Placing and releasing holds.

A hold is placed by one conditional update of each unit's row. So placing a hold and deciding an erasure have
exactly one winner on every isolation level.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.committed import commit
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.errors import BeingErased, Conflict, NotFound
from proctoring.holds import model
from proctoring.holds.model import (
    REVIEW_DAYS_DEFAULT,
    Hold,
    HoldKind,
    check_owner,
    check_reason,
    check_release,
    check_review,
)
from proctoring.holds.rows import HoldRow, HoldUnitRow
from proctoring.holds.summary import RESTRICTION
from proctoring.sessions.rows import SessionRow
from proctoring.summaries.service import changed
from proctoring.units.rows import UnitRow
from proctoring.units.service import lower_holds, raise_holds

RESTRICTED = select(HoldRow.session_id).where(
    HoldRow.kind == HoldKind.RESTRICTION.value, HoldRow.released_at.is_(None)
)
"""The sessions that are restricted."""
_KINDS = select(HoldRow.kind).where(HoldRow.session_id == bindparam("session"), HoldRow.released_at.is_(None))


def place(
    db: Db,
    core: Core,
    actor: Actor,
    session_id: str,
    kind: HoldKind,
    *,
    reason: str,
    owner: str | None = None,
    review_at: datetime | None = None,
) -> Hold:
    """Hold every unit of the session that still exists. `owner` defaults to the actor.

    Raises BeingErased when erasure was first, Conflict when nothing was recorded, Invalid for a reason or a
    review date that cannot be, NotFound.
    """
    if db.get(SessionRow, session_id) is None:
        raise NotFound(f"There is no session {session_id}.", "Check the id.")
    now = core.clock()
    hold = HoldRow(
        id=core.new_id(),
        session_id=session_id,
        kind=kind.value,
        reason=check_reason(reason),
        owner=check_owner(owner) if owner else actor.id,
        placed_at=now,
        review_at=check_review(review_at or now + timedelta(days=REVIEW_DAYS_DEFAULT), now),
        released_at=None,
        released_by=None,
    )
    units = select(UnitRow.id).where(UnitRow.session_id == session_id).order_by(UnitRow.id)
    held = [unit_id for unit_id in list(db.scalars(units)) if raise_holds(db, unit_id)]
    if not held:
        raise _nothing_to_hold(db, session_id)
    words = commit(hold, "reason", "owner", "review_at")
    db.add(hold)
    db.flush()
    changed(db, session_id, RESTRICTION)
    db.add_all(HoldUnitRow(hold_id=hold.id, unit_id=unit_id) for unit_id in held)
    enter(
        db,
        now,
        actor,
        Action.HOLD_PLACE,
        session_id,
        hold=hold.id,
        kind=kind.value,
        units=len(held),
        on=" ".join(held),
        **words,
    )
    return hold.model()


def release(db: Db, core: Core, actor: Actor, hold_id: str, procedure: HoldKind | None) -> Hold:
    """End a hold. Releasing it twice changes nothing. `procedure`: INCIDENT or APPEAL while the one that
    placed it is open.

    Raises NotFound, Denied for a hold of one's own, Conflict while its procedure is open.
    """
    row = db.get(HoldRow, hold_id)
    if row is None:
        raise NotFound(f"There is no hold {hold_id}.", "List them with `proctoring hold list`.")
    check_release(HoldKind(row.kind), row.owner, actor.id, procedure)
    now = core.clock()
    ended = (
        update(HoldRow)
        .where(HoldRow.id == hold_id, HoldRow.released_at.is_(None))
        .values(released_at=now, released_by=actor.id)
        .returning(HoldRow.id)
    )
    if db.scalar(ended) is None:
        return row.model()
    changed(db, row.session_id, RESTRICTION)
    covered = select(HoldUnitRow.unit_id).where(HoldUnitRow.hold_id == hold_id).order_by(HoldUnitRow.unit_id)
    lower_holds(db, list(db.scalars(covered)))
    enter(db, now, actor, Action.HOLD_RELEASE, row.session_id, hold=hold_id, kind=row.kind)
    db.refresh(row)
    return row.model()


def active(db: Db, session_id: str | None = None) -> list[Hold]:
    """Holds not released, the oldest first; of one session, or of all."""
    query = select(HoldRow).where(HoldRow.released_at.is_(None)).order_by(HoldRow.placed_at)
    if session_id is not None:
        query = query.where(HoldRow.session_id == session_id)
    return [row.model() for row in db.scalars(query)]


def of_sessions(db: Db, session_ids: Collection[str]) -> dict[str, list[Hold]]:
    """The holds not released on each of these sessions, the oldest first."""
    mine = HoldRow.session_id.in_(session_ids), HoldRow.released_at.is_(None)
    found: dict[str, list[Hold]] = {one: [] for one in session_ids}
    for row in db.scalars(select(HoldRow).where(*mine).order_by(HoldRow.placed_at, HoldRow.id)):
        found[row.session_id].append(row.model())
    return found


def placed(db: Db, hold_ids: Collection[str]) -> dict[str, Hold]:
    """Those of these holds that are not released, by their ids."""
    query = select(HoldRow).where(HoldRow.id.in_(hold_ids), HoldRow.released_at.is_(None))
    return {row.id: row.model() for row in db.scalars(query)}


def check_not_restricted(db: Db, session_id: str) -> None:
    """Raises Denied while the candidate's restriction is in force (`model.check_not_restricted`).

    Each service that acts on a session asks this, so that pages and commands alike are refused. Still open:
    the appeal, the candidate's own page, the holds, and everything that tells of an erasure.
    """
    model.check_not_restricted([HoldKind(kind) for kind in db.scalars(_KINDS, {"session": session_id})])


def _nothing_to_hold(db: Db, session_id: str) -> Conflict:
    since = db.scalar(select(UnitRow.erasing_at).where(UnitRow.session_id == session_id).limit(1))
    if since is None:
        return Conflict(
            "Nothing has been recorded yet, so there is nothing to hold.",
            "Hold it once it has begun.",
            "nothing-to-hold",
        )
    return BeingErased(
        f"The recordings are being erased since {iso(since)}.",
        "They cannot be brought back; see the certificate.",
        "being-erased",
        since=since,
    )
