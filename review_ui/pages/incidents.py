"""Incidents: those that wait for another person, those that hold evidence, and closing them. The answer is
given on the session's page."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from proctoring.access.model import May, may, require
from proctoring.access.service import actor
from proctoring.casework.standing import relation
from proctoring.holds import service as holds
from proctoring.incidents import service as incidents
from proctoring.incidents.model import AWAITING, OPEN
from proctoring.recordings.timeline import timeline
from review_ui.desk import Desk, back_to, names_of


class Answer(StrEnum):
    AGREE = "agree"
    DISAGREE = "disagree"


def routes(desk: Desk) -> APIRouter:
    """`/incidents` and its forms."""
    router = APIRouter()

    @router.get("/incidents")
    def show(request: Request) -> Response:
        person = desk.signed_in(request)
        require(person, May.SEE_QUEUE)
        with desk.core.db.read() as db:
            found = incidents.in_state(db, *OPEN)
            closed = holds.restricted(db)
            living = [one for one in found if one.session_id not in closed]
            placed = {hold.id: hold for hold in holds.active(db)}
            lines = [
                {
                    "incident": one,
                    "timeline": timeline(db, one.session_id, desk.now()),
                    "hold": placed.get(one.hold_id),
                    "may_answer": may(person, May.CONFIRM_INCIDENT, relation(db, person, one.session_id)),
                }
                for one in living
            ]
            return desk.page(
                request, "incidents.html", person, db, lines=lines, awaiting=AWAITING, names=names_of(db)
            )

    @router.post("/incidents/{incident_id}/answer")
    def answer(
        request: Request,
        incident_id: str,
        answer: Annotated[Answer, Form()],
        reasons: Annotated[str, Form()] = "",
    ) -> Response:
        person = desk.signed_in(request)
        with desk.core.db.begin() as db:
            session_id = incidents.load(db, incident_id).session_id
            require(person, May.CONFIRM_INCIDENT, relation(db, person, session_id))
            if answer is Answer.AGREE:
                incidents.confirm(db, desk.core, actor(person), incident_id)
            else:
                incidents.reject(db, desk.core, actor(person), incident_id, reasons)
        return back_to("/incidents")

    @router.post("/incidents/{incident_id}/close")
    def close(request: Request, incident_id: str) -> Response:
        person = desk.signed_in(request)
        with desk.core.db.begin() as db:
            session_id = incidents.load(db, incident_id).session_id
            require(person, May.CONFIRM_INCIDENT, relation(db, person, session_id))
            incidents.close(db, desk.core, actor(person), incident_id)
        return back_to("/incidents")

    return router
