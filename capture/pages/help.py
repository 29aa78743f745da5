"""Messages of the candidate to the proctor, and the wish to sit the exam in person."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from capture.pages.render import language_of, page, see
from proctoring.clock import iso
from proctoring.core import Core
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind
from proctoring.sessions import service as sessions
from proctoring.sessions.in_person import WISH_CHARS_MAX


def routes(core: Core) -> APIRouter:
    """`/c/{invitation}/help`, `/back` and `/in-person`."""
    router = APIRouter()

    @router.get("/c/{invitation}/help.json")
    def said(invitation: str) -> dict[str, Any]:
        session_id = core.links.read_invitation(invitation)
        with core.db.read() as db:
            found = help_requests.of_session(db, session_id)
        return {
            "requests": [
                {
                    "kind": one.kind.value,
                    "text": one.text,
                    "asked_at": iso(one.asked_at),
                    "answer": one.answer,
                    "ended": one.ended_at is not None,
                }
                for one in found
            ]
        }

    @router.post("/c/{invitation}/help", status_code=204)
    def ask(
        invitation: str, kind: Annotated[HelpKind, Form()], text: Annotated[str, Form()] = ""
    ) -> Response:
        session_id = core.links.read_invitation(invitation)
        with core.db.begin() as db:
            help_requests.ask(db, core, session_id, kind, text)
        return Response(status_code=204)

    @router.post("/c/{invitation}/back", status_code=204)
    def back(invitation: str) -> Response:
        session_id = core.links.read_invitation(invitation)
        with core.db.begin() as db:
            help_requests.back(db, core, session_id)
        return Response(status_code=204)

    @router.get("/c/{invitation}/in-person")
    def in_person(request: Request, invitation: str) -> Response:
        session_id = core.links.read_invitation(invitation)
        with core.db.read() as db:
            session = sessions.load(db, session_id)
            exam, asked = sessions.exam_of(db, session), sessions.wish_of(db, session_id)
        return page(
            core,
            request,
            "in_person.html",
            language_of(core, request, session.language),
            exam=exam,
            zone=exam.regulation.zone,
            invitation=invitation,
            asked=asked,
            wish_max=WISH_CHARS_MAX,
        )

    @router.post("/c/{invitation}/in-person")
    def ask_in_person(invitation: str, wish: Annotated[str, Form()] = "") -> Response:
        session_id = core.links.read_invitation(invitation)
        with core.db.begin() as db:
            sessions.ask_in_person(db, core, session_id, wish)
        return see(f"/c/{invitation}/in-person")

    return router
