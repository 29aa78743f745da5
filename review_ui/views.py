"""Looks at evidence, at a session's page or its time line: entered before anything of them leaves."""

from fastapi import Request

from proctoring.casework.standing import why
from proctoring.custody.views import PAGE, enter_view, is_entered
from proctoring.web.head import is_head
from review_ui.permit import Permit


def enter_look(by: Permit, session_id: str, unit_id: str | None, *, stream: str, first: int) -> None:
    """Enter that this person looks at a unit, or at the session's page, which is of none.

    Raises NotFound, and Denied for who may no longer look.
    """
    with by.core.db.read() as db:
        if is_entered(db, by.core, by.actor, session_id, unit_id):
            return
        ground = why(db, by.person, session_id)
    with by.begin() as db:
        enter_view(db, by.core, by.actor, session_id, unit_id, stream=stream, position=first, why=ground)


def enter_page_view(by: Permit, request: Request, session_id: str) -> None:
    """Enter that this person reads what happened in the session; nothing for a HEAD. Raises NotFound."""
    if not is_head(request):
        enter_look(by, session_id, None, stream=PAGE, first=0)
