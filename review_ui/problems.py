"""Problem pages for staff: inside their frame, with a link back."""

from http import HTTPStatus

from fastapi import Request
from fastapi.responses import HTMLResponse

from proctoring.errors import CoreError
from proctoring.web.problem_page import Draw, Told
from review_ui.staff_pages import StaffPages

OF_OTHERS = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
"""After these the page that the person came for is no way back."""
LISTS = {
    "queue": ("/queue", "Back to the queue"),
    "flags": ("/queue", "Back to the queue"),
    "help": ("/queue", "Back to the queue"),
    "incidents": ("/incidents", "Back to the incidents"),
    "appeals": ("/appeals", "Back to the appeals"),
    "retention": ("/retention", "Back to retention"),
    "holds": ("/retention", "Back to retention"),
    "certificates": ("/retention", "Back to retention"),
    "in-person": ("/in-person", "Back to those who asked"),
    "ledger": ("/ledger", "Back to the ledger"),
}
"""By the first part of an address: the page from which it is asked for, and its link's words."""


def problem_page(staff: StaffPages) -> Draw:
    """Draws the problem in the staff frame with its counts. After an internal error, or while a part is
    unreachable, the frame is empty and needs no database. Without a sign-in it links to the sign-in page."""

    def draw(request: Request, problem: Told) -> HTMLResponse:
        try:
            if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                with staff.core.db.read() as db:
                    person = staff.of_cookie(request, db)
                    back = way_back(problem.status, request.url.path, staff.home(person))
                    return staff.page(request, "staff_problem.html", person, db, problem=problem, back=back)
        except CoreError:
            return staff.page(request, "staff_problem.html", problem=problem, back=("/sign-in", "Sign in"))
        back = way_back(problem.status, request.url.path, "/")
        return staff.page(request, "staff_problem.html", problem=problem, back=back)

    return draw


def way_back(status: int, path: str, home: str) -> tuple[str, str]:
    """Address of the page before the refusal, and the words of the link to it. Pure."""
    first, *rest = path.strip("/").split("/")
    if status not in OF_OTHERS:
        if first == "sessions" and len(rest) > 1:
            return f"/sessions/{rest[0]}", "Back to the session"
        if first in LISTS:
            return LISTS[first]
    return home, "Back to your work"
