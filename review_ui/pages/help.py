"""What candidates say during the exam, answered; and who asked to sit in person."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from proctoring.access.model import May, require
from proctoring.access.service import actor
from proctoring.help import service as help_requests
from proctoring.sessions import service as sessions
from review_ui.desk import Desk, back_to


def routes(desk: Desk) -> APIRouter:
    """`/help/{id}` and `/in-person`."""
    router = APIRouter()

    @router.post("/help/{request_id}")
    def answer(request: Request, request_id: str, answer: Annotated[str, Form()]) -> Response:
        person = desk.signed_in(request)
        require(person, May.ANSWER_HELP)
        with desk.core.db.begin() as db:
            answered = help_requests.answer(db, desk.core, actor(person), request_id, answer)
        return back_to(f"/sessions/{answered.session_id}#panel-messages")

    @router.get("/in-person")
    def in_person(request: Request) -> Response:
        person = desk.signed_in(request)
        require(person, May.SEE_IN_PERSON)
        with desk.core.db.read() as db:
            asked = sessions.asked_in_person(db)
            return desk.page(request, "in_person.html", person, db, asked=asked)

    return router
