"""Views of evidence, of a session's page and of its time line: entered in the ledger before any byte is
sent."""

from fastapi import Request
from sqlalchemy.orm import Session as Db

from proctoring.casework.standing import why
from proctoring.custody.views import PAGE, enter_view, is_entered
from proctoring.web.head import is_head
from review_ui.permit import Permit


def enter_look(by: Permit, session_id: str, unit_id: str | None, *, stream: str, first: int) -> None:
    """Enters that this person views a unit, or the session's page, which belongs to no unit.

    Raises NotFound. Raises Denied when the person may not view it any longer.
    """
    with by.core.db.read() as db:
        ground = unentered(db, by, session_id, unit_id)
    if ground is not None:
        enter_for(by, ground, session_id, unit_id, stream=stream, first=first)


def unentered(db: Db, by: Permit, session_id: str, unit_id: str | None) -> str | None:
    """For what this person looks; None where an entry covers the look already. Raises NotFound."""
    if is_entered(db, by.core, by.actor, session_id, unit_id):
        return None
    return why(db, by.person, session_id)


def enter_for(
    by: Permit, ground: str, session_id: str, unit_id: str | None, *, stream: str, first: int
) -> None:
    """`enter_look` for somebody of whom `unentered` said why they look."""
    with by.begin() as db:
        enter_view(db, by.core, by.actor, session_id, unit_id, stream=stream, position=first, why=ground)


def enter_page_view(by: Permit, request: Request, session_id: str) -> None:
    """Enters that this person reads the session's page; enters nothing for a HEAD. Raises NotFound."""
    if not is_head(request):
        enter_look(by, session_id, None, stream=PAGE, first=0)
