"""Acts of a reviewer on a session: claim, release, end, decide. Each answers 303."""

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
from review_ui.desk import Desk, back_to
from review_ui.permit import SESSION, Permit, needs


class Outcome(StrEnum):
    """What the decision form sends."""

    NO_CONCERN = "no-concern"
    UNCLEAR = "unclear"
    INCIDENT = "incident"


def routes(desk: Desk) -> APIRouter:
    """Forms below `/sessions/{id}/`."""
    router = APIRouter()

    @router.post("/sessions/{session_id}/claim")
    def claim(session_id: str, by: Annotated[Permit, needs(desk, May.SEE_QUEUE)]) -> Response:
        with by.begin() as db:
            claims.claim(db, desk.core, by.actor, session_id)
        return back_to(f"/sessions/{session_id}")

    @router.post("/sessions/{session_id}/release")
    def release(session_id: str, by: Annotated[Permit, needs(desk, May.DECIDE, SESSION)]) -> Response:
        with by.begin() as db:
            reviews.release(db, desk.core, by.actor, session_id)
        return back_to("/queue")

    @router.post("/sessions/{session_id}/end")
    def end(
        session_id: str,
        by: Annotated[Permit, needs(desk, May.END_SESSION, SESSION)],
        reason: Annotated[EndReason, Form()],
    ) -> Response:
        with by.begin() as db:
            ending.end_by_proctor(db, desk.core, session_id, reason, by.actor)
        return back_to(f"/sessions/{session_id}")

    @router.post("/sessions/{session_id}/decide")
    def decide(
        session_id: str,
        by: Annotated[Permit, needs(desk, May.DECIDE, SESSION)],
        outcome: Annotated[Outcome, Form()],
        category: Annotated[Category | None, Form()] = None,
        severity: Annotated[Severity | None, Form()] = None,
        reasons: Annotated[str, Form()] = "",
        note: Annotated[str, Form()] = "",
        flag: Annotated[list[str] | None, Form()] = None,
    ) -> Response:
        with by.begin() as db:
            if outcome is Outcome.NO_CONCERN:
                reviews.decide_no_concern(db, desk.core, by.actor, session_id)
            elif outcome is Outcome.UNCLEAR:
                reviews.decide_unclear(db, desk.core, by.actor, session_id, note)
            else:
                chosen = check_chosen(category, severity)
                incidents.decide(db, desk.core, by.actor, session_id, *chosen, reasons, tuple(flag or ()))
        return back_to(f"/sessions/{session_id}" if outcome is Outcome.INCIDENT else "/queue")

    return router
