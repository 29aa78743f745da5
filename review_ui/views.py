"""A look at a session's page or time line, entered before either leaves."""

from fastapi import Request

from proctoring.access.model import May, Person, require
from proctoring.access.service import actor
from proctoring.casework.standing import relation, why
from proctoring.custody.views import PAGE, enter_view, is_entered
from proctoring.holds.service import check_not_restricted
from proctoring.web.head import is_head
from review_ui.desk import Desk


def enter_page_view(desk: Desk, request: Request, person: Person, session_id: str) -> None:
    """Enter that this person reads what happened in the session; nothing for a HEAD.

    Raises NotFound, Denied.
    """
    if is_head(request):
        return
    with desk.core.db.read() as db:
        require(person, May.VIEW_EVIDENCE, relation(db, person, session_id))
        check_not_restricted(db, session_id)
        ground = why(db, person, session_id)
        entered = is_entered(db, desk.core, actor(person), session_id, None)
    if not entered:
        with desk.core.db.begin() as db:
            enter_view(db, desk.core, actor(person), session_id, None, PAGE, 0, ground)
