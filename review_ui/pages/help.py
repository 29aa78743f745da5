"""Candidates' calls for help and wishes to sit in person, and the forms to answer them."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import StreamingResponse

from proctoring.access.model import May, may
from proctoring.help import service as help_requests
from proctoring.sessions import service as sessions
from proctoring.sessions.in_person import ANSWER_CHARS_MAX
from proctoring.web.head import is_head
from review_ui.calls import CallWatch, stream
from review_ui.dates import civil
from review_ui.permit import Permit, needs
from review_ui.staff_pages import StaffPages, back_to, names_of


def routes(staff: StaffPages) -> APIRouter:
    """`/help/…` and `/in-person…`."""
    router = APIRouter()
    watch = CallWatch(staff.core)

    @router.get("/help/calls")
    def calls(by: Annotated[Permit, needs(staff, May.ANSWER_HELP)]) -> Response:
        with staff.core.db.read() as db:
            return staff.part("calls.html", by.person, db)

    @router.get("/help/stream", dependencies=[needs(staff, May.ANSWER_HELP)])
    def changes(request: Request) -> Response:
        events = iter(()) if is_head(request) else stream(watch, request)
        return StreamingResponse(events, media_type="text/event-stream")

    @router.post("/help/{request_id}/take")
    def take(request_id: str, by: Annotated[Permit, needs(staff, May.ANSWER_HELP)]) -> Response:
        with by.begin() as db:
            taken = help_requests.take(db, staff.core, by.actor, request_id)
        return back_to(f"/sessions/{taken.session_id}#panel-messages")

    @router.post("/help/{request_id}")
    def answer(
        request_id: str,
        by: Annotated[Permit, needs(staff, May.ANSWER_HELP)],
        answer: Annotated[str, Form()],
    ) -> Response:
        with by.begin() as db:
            answered = help_requests.answer(db, staff.core, by.actor, request_id, answer)
        return back_to(f"/sessions/{answered.session_id}#panel-messages")

    @router.get("/in-person")
    def in_person(
        request: Request, by: Annotated[Permit, needs(staff, May.SEE_IN_PERSON)], answer: str = ""
    ) -> Response:
        may_answer = may(by.person, May.ANSWER_IN_PERSON)
        with staff.core.db.read() as db:
            return staff.page(
                request,
                "in_person.html",
                by.person,
                db,
                asked=sessions.asked_in_person(db),
                names=names_of(db),
                answering=answer if may_answer else "",
                may_answer=may_answer,
                answer_max=ANSWER_CHARS_MAX,
            )

    @router.post("/in-person/{session_id}")
    def answer_in_person(
        session_id: str,
        by: Annotated[Permit, needs(staff, May.ANSWER_IN_PERSON)],
        sits_at: Annotated[str, Form()] = "",
        answer: Annotated[str, Form()] = "",
    ) -> Response:
        with by.begin() as db:
            zone = sessions.exam_of(db, sessions.load(db, session_id)).regulation.zone
            at = civil(sits_at, zone) if sits_at else None
            sessions.answer_in_person(db, staff.core, by.actor, session_id, sits_at=at, answer=answer)
        return back_to("/in-person")

    return router
