"""A view is entered in the ledger before any byte leaves; one entry covers a stretch of looking.

The page of a session and its time line say what happened in it: reading them is a look too (PAGE, of no
unit).
"""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import Action, Actor
from proctoring.custody.rows import EntryRow
from proctoring.custody.service import enter

VIEW_WINDOW = timedelta(minutes=10)
PAGE = "page"


def is_entered(db: Db, core: Core, actor: Actor, session_id: str, unit_id: str | None) -> bool:
    """Whether an entry of this person about this unit, or the page, within VIEW_WINDOW exists already."""
    recent = select(EntryRow.number).where(
        EntryRow.session_id == session_id,
        EntryRow.unit_id == unit_id,
        EntryRow.actor == actor.id,
        EntryRow.action == Action.EVIDENCE_VIEW.value,
        EntryRow.at > core.clock() - VIEW_WINDOW,
    )
    return db.scalar(recent.limit(1)) is not None


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
