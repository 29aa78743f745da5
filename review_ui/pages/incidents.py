"""List of incidents that wait for another person or hold evidence, and the form to close one.

The other person answers on the session's page.
"""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from proctoring.access.model import May, may
from proctoring.casework.standing import relations
from proctoring.holds import service as holds
from proctoring.incidents import service as incidents
from proctoring.incidents.model import AWAITING, IncidentState
from proctoring.recordings.sittings import sittings
from review_ui.permit import INCIDENT, Permit, needs
from review_ui.staff_pages import StaffPages, back_to, names_of

HELD = (IncidentState.CONFIRMED,)


class Answer(StrEnum):
    AGREE = "agree"
    DISAGREE = "disagree"


def routes(staff: StaffPages) -> APIRouter:
    """`/incidents` and its forms."""
    router = APIRouter()

    @router.get("/incidents")
    def show(
        request: Request, by: Annotated[Permit, needs(staff, May.SEE_QUEUE)], after: str = ""
    ) -> Response:
        with staff.core.db.read() as db:
            waiting = [] if after else incidents.page_of(db, AWAITING)[0]
            confirmed, more = incidents.page_of(db, HELD, after)
            shown = [*waiting, *confirmed]
            about = {one.session_id for one in shown}
            sat, standing = sittings(db, about, staff.now()), relations(db, by.person, about)
            placed = holds.placed(db, {one.hold_id for one in shown})
            lines = [
                {
                    "incident": one,
                    "session": sat[one.session_id],
                    "hold": placed.get(one.hold_id),
                    "may_answer": may(by.person, May.CONFIRM_INCIDENT, standing[one.session_id]),
                }
                for one in shown
            ]
            return staff.page(
                request,
                "incidents.html",
                by.person,
                db,
                lines=lines,
                awaiting=AWAITING,
                counts=(incidents.count_in(db, AWAITING), incidents.count_in(db, HELD)),
                more=more,
                names=names_of(db),
            )

    @router.post("/incidents/{incident_id}/answer")
    def answer(
        incident_id: str,
        by: Annotated[Permit, needs(staff, May.CONFIRM_INCIDENT, INCIDENT)],
        answer: Annotated[Answer, Form()],
        reasons: Annotated[str, Form()] = "",
    ) -> Response:
        with by.begin() as db:
            if answer is Answer.AGREE:
                incidents.confirm(db, staff.core, by.actor, incident_id)
            else:
                incidents.reject(db, staff.core, by.actor, incident_id, reasons)
        return back_to("/incidents")

    @router.post("/incidents/{incident_id}/close")
    def close(
        incident_id: str, by: Annotated[Permit, needs(staff, May.CONFIRM_INCIDENT, INCIDENT)]
    ) -> Response:
        with by.begin() as db:
            incidents.close(db, staff.core, by.actor, incident_id)
        return back_to("/incidents")

    return router
