"""Forms by which a reviewer claims, releases, ends or decides a session. Each answers 303."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Response

from proctoring.access.model import May
from proctoring.casework import claims
from proctoring.flags.model import Category, Severity
from proctoring.incidents import service as incidents
from proctoring.incidents.model import check_chosen
from proctoring.recordings import ending
from proctoring.reviews import service as reviews
from proctoring.sessions.model import EndReason
from review_ui.permit import SESSION, Permit, needs
from review_ui.staff_pages import StaffPages, back_to


class SessionOutcome(StrEnum):
    """Choice in the decision form; the values are what it sends."""

    NO_CONCERN = "no-concern"
    UNCLEAR = "unclear"
    INCIDENT = "incident"


def routes(staff: StaffPages) -> APIRouter:
    """Forms below `/sessions/{id}/`."""
    router = APIRouter()

    @router.post("/sessions/{session_id}/claim")
    def claim(session_id: str, by: Annotated[Permit, needs(staff, May.SEE_QUEUE)]) -> Response:
        with by.begin() as db:
            claims.claim(db, staff.core, by.actor, session_id)
        return back_to(f"/sessions/{session_id}")

    @router.post("/sessions/{session_id}/release")
    def release(session_id: str, by: Annotated[Permit, needs(staff, May.DECIDE, SESSION)]) -> Response:
        with by.begin() as db:
            reviews.release(db, staff.core, by.actor, session_id)
        return back_to("/queue")

    @router.post("/sessions/{session_id}/end")
    def end(
        session_id: str,
        by: Annotated[Permit, needs(staff, May.END_SESSION, SESSION)],
        reason: Annotated[EndReason, Form()],
    ) -> Response:
        with by.begin() as db:
            ending.end_by_proctor(db, staff.core, session_id, reason, by.actor)
        return back_to(f"/sessions/{session_id}")

    @router.post("/sessions/{session_id}/decide")
    def decide(
        session_id: str,
        by: Annotated[Permit, needs(staff, May.DECIDE, SESSION)],
        outcome: Annotated[SessionOutcome, Form()],
        category: Annotated[Category | None, Form()] = None,
        severity: Annotated[Severity | None, Form()] = None,
        reasons: Annotated[str, Form()] = "",
        note: Annotated[str, Form()] = "",
        flag: Annotated[list[str] | None, Form()] = None,
    ) -> Response:
        with by.begin() as db:
            if outcome is SessionOutcome.NO_CONCERN:
                reviews.decide_no_concern(db, staff.core, by.actor, session_id)
            elif outcome is SessionOutcome.UNCLEAR:
                reviews.decide_unclear(db, staff.core, by.actor, session_id, note)
            else:
                kind, grade = check_chosen(category, severity)
                incidents.decide(
                    db,
                    staff.core,
                    by.actor,
                    session_id,
                    category=kind,
                    severity=grade,
                    reasons=reasons,
                    flag_ids=tuple(flag or ()),
                )
        return back_to(f"/sessions/{session_id}" if outcome is SessionOutcome.INCIDENT else "/queue")

    return router
