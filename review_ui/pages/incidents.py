"""Incidents: those that wait for another person, those that hold evidence, and closing them. The answer is
given on the session's page."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from proctoring.access.model import May, may
from proctoring.casework.standing import relations
from proctoring.holds import service as holds
from proctoring.incidents import service as incidents
from proctoring.incidents.model import AWAITING, OPEN
from proctoring.recordings.summary import summaries
from review_ui.desk import Desk, back_to, names_of
from review_ui.permit import INCIDENT, Permit, needs


class Answer(StrEnum):
    AGREE = "agree"
    DISAGREE = "disagree"


def routes(desk: Desk) -> APIRouter:
    """`/incidents` and its forms."""
    router = APIRouter()

    @router.get("/incidents")
    def show(request: Request, by: Annotated[Permit, needs(desk, May.SEE_QUEUE)]) -> Response:
        with desk.core.db.read() as db:
            found = incidents.in_state(db, *OPEN)
            closed = holds.restricted(db)
            living = [one for one in found if one.session_id not in closed]
            about = {one.session_id for one in living}
            sat, standing = summaries(db, about, desk.now()), relations(db, by.person, about)
            placed = {hold.id: hold for hold in holds.active(db)}
            lines = [
                {
                    "incident": one,
                    "session": sat[one.session_id],
                    "hold": placed.get(one.hold_id),
                    "may_answer": may(by.person, May.CONFIRM_INCIDENT, standing[one.session_id]),
                }
                for one in living
            ]
            return desk.page(
                request, "incidents.html", by.person, db, lines=lines, awaiting=AWAITING, names=names_of(db)
            )

    @router.post("/incidents/{incident_id}/answer")
    def answer(
        incident_id: str,
        by: Annotated[Permit, needs(desk, May.CONFIRM_INCIDENT, INCIDENT)],
        answer: Annotated[Answer, Form()],
        reasons: Annotated[str, Form()] = "",
    ) -> Response:
        with by.begin() as db:
            if answer is Answer.AGREE:
                incidents.confirm(db, desk.core, by.actor, incident_id)
            else:
                incidents.reject(db, desk.core, by.actor, incident_id, reasons)
        return back_to("/incidents")

    @router.post("/incidents/{incident_id}/close")
    def close(
        incident_id: str, by: Annotated[Permit, needs(desk, May.CONFIRM_INCIDENT, INCIDENT)]
    ) -> Response:
        with by.begin() as db:
            incidents.close(db, desk.core, by.actor, incident_id)
        return back_to("/incidents")

    return router
