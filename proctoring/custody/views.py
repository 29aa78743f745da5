"""A view is entered in the ledger before any byte leaves; one entry covers a stretch of looking.

The page of a session and its time line say what happened in it: reading them is a look too (PAGE, of no
unit).
"""

from datetime import timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import Action, Actor
from proctoring.custody.rows import EntryRow
from proctoring.custody.service import enter

VIEW_WINDOW = timedelta(minutes=10)
PAGE = "page"
_RECENT = (
    select(EntryRow.number)
    .where(
        EntryRow.session_id == bindparam("session"),
        EntryRow.actor == bindparam("actor"),
        EntryRow.action == Action.EVIDENCE_VIEW.value,
        EntryRow.at > bindparam("after"),
    )
    .limit(1)
)
_RECENT_OF_UNIT = _RECENT.where(EntryRow.unit_id == bindparam("unit"))
_RECENT_OF_PAGE = _RECENT.where(EntryRow.unit_id.is_(None))


def is_entered(db: Db, core: Core, actor: Actor, session_id: str, unit_id: str | None) -> bool:
    """Whether an entry of this person about this unit, or the page, within VIEW_WINDOW exists already."""
    of_what = {"unit": unit_id} if unit_id is not None else {}
    after = core.clock() - VIEW_WINDOW
    given = {"session": session_id, "actor": actor.id, "after": after} | of_what
    return db.scalar(_RECENT_OF_UNIT if of_what else _RECENT_OF_PAGE, given) is not None


def enter_view(
    db: Db,
    core: Core,
    actor: Actor,
    session_id: str,
    unit_id: str | None,
    *,
    stream: str,
    position: int,
    why: str,
) -> None:
    """Enter that `actor` looks at a stream, unless an entry of theirs within VIEW_WINDOW says so.

    The caller commits before it sends the bytes: no entry, no bytes.
    """
    if not is_entered(db, core, actor, session_id, unit_id):
        enter(
            db,
            core.clock,
            actor,
            Action.EVIDENCE_VIEW,
            session_id,
            unit_id=unit_id,
            stream=stream,
            first=position,
            why=why,
        )
