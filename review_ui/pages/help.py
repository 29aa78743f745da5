"""Candidates' calls for help, taken and answered; and who asked to sit in person."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import StreamingResponse

from proctoring.access.model import May, may, require
from proctoring.access.service import actor
from proctoring.help import service as help_requests
from proctoring.sessions import service as sessions
from proctoring.sessions.in_person import ANSWER_CHARS_MAX
from proctoring.web.head import is_head
from review_ui.calls import CallWatch, stream
from review_ui.dates import civil
from review_ui.desk import Desk, back_to, names_of


def routes(desk: Desk) -> APIRouter:
    """`/help/…` and `/in-person…`."""
    router = APIRouter()
    watch = CallWatch(desk.core)

    @router.get("/help/calls")
    def calls(request: Request) -> Response:
        person = desk.signed_in(request)
        require(person, May.ANSWER_HELP)
        with desk.core.db.read() as db:
            return desk.part("calls.html", person, db)

    @router.get("/help/stream")
    def changes(request: Request) -> Response:
        require(desk.signed_in(request), May.ANSWER_HELP)
        events = iter(()) if is_head(request) else stream(watch, request)
        return StreamingResponse(events, media_type="text/event-stream")

    @router.post("/help/{request_id}/take")
    def take(request: Request, request_id: str) -> Response:
        person = desk.signed_in(request)
        require(person, May.ANSWER_HELP)
        with desk.core.db.begin() as db:
            taken = help_requests.take(db, desk.core, actor(person), request_id)
        return back_to(f"/sessions/{taken.session_id}#panel-messages")

    @router.post("/help/{request_id}")
    def answer(request: Request, request_id: str, answer: Annotated[str, Form()]) -> Response:
        person = desk.signed_in(request)
        require(person, May.ANSWER_HELP)
        with desk.core.db.begin() as db:
            answered = help_requests.answer(db, desk.core, actor(person), request_id, answer)
        return back_to(f"/sessions/{answered.session_id}#panel-messages")

    @router.get("/in-person")
    def in_person(request: Request, answer: str = "") -> Response:
        person = desk.signed_in(request)
        require(person, May.SEE_IN_PERSON)
        with desk.core.db.read() as db:
            return desk.page(
                request,
                "in_person.html",
                person,
                db,
                asked=sessions.asked_in_person(db),
                names=names_of(db),
                answering=answer if may(person, May.ANSWER_IN_PERSON) else "",
                may_answer=may(person, May.ANSWER_IN_PERSON),
                answer_max=ANSWER_CHARS_MAX,
            )

    @router.post("/in-person/{session_id}")
    def answer_in_person(
        request: Request,
        session_id: str,
        sits_at: Annotated[str, Form()] = "",
        answer: Annotated[str, Form()] = "",
    ) -> Response:
        person = desk.signed_in(request)
        require(person, May.ANSWER_IN_PERSON)
        with desk.core.db.begin() as db:
            zone = sessions.exam_of(db, sessions.load(db, session_id)).regulation.zone
            at = civil(sits_at, zone) if sits_at else None
            sessions.answer_in_person(db, desk.core, actor(person), session_id, at, answer)
        return back_to("/in-person")

    return router
