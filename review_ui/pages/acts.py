"""Acts of a reviewer on a session: claim, release, end, flag, look at flags, decide. Each answers 303."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from proctoring.access.model import May, require
from proctoring.access.service import actor
from proctoring.casework import claims, flagging
from proctoring.casework.standing import relation
from proctoring.flags import service as flag_service
from proctoring.flags.model import Category, FlagState, Severity
from proctoring.incidents import service as incidents
from proctoring.incidents.model import check_chosen
from proctoring.recordings import ending
from proctoring.reviews import service as reviews
from proctoring.sessions.model import EndReason
from review_ui.desk import Desk, back_to


class Outcome(StrEnum):
    """What the decision form sends."""

    NO_CONCERN = "no-concern"
    UNCLEAR = "unclear"
    INCIDENT = "incident"


def routes(desk: Desk) -> APIRouter:
    """Forms below `/sessions/{id}/` and `/flags/{id}`."""
    router = APIRouter()

    @router.post("/sessions/{session_id}/claim")
    def claim(request: Request, session_id: str) -> Response:
        person = desk.signed_in(request)
        require(person, May.SEE_QUEUE)
        with desk.core.db.begin() as db:
            claims.claim(db, desk.core, actor(person), session_id)
        return back_to(f"/sessions/{session_id}")

    @router.post("/sessions/{session_id}/release")
    def release(request: Request, session_id: str) -> Response:
        person = desk.signed_in(request)
        with desk.core.db.begin() as db:
            require(person, May.DECIDE, relation(db, person, session_id))
            reviews.release(db, desk.core, actor(person), session_id)
        return back_to("/queue")

    @router.post("/sessions/{session_id}/end")
    def end(request: Request, session_id: str, reason: Annotated[EndReason, Form()]) -> Response:
        person = desk.signed_in(request)
        with desk.core.db.begin() as db:
            require(person, May.END_SESSION, relation(db, person, session_id))
            ending.end_by_proctor(db, desk.core, session_id, reason, actor(person))
        return back_to(f"/sessions/{session_id}")

    @router.post("/sessions/{session_id}/flags")
    def add_flag(
        request: Request,
        session_id: str,
        start_ms: Annotated[int, Form()],
        end_ms: Annotated[int, Form()],
        category: Annotated[Category, Form()],
        severity: Annotated[Severity, Form()],
        note: Annotated[str, Form()] = "",
    ) -> Response:
        person = desk.signed_in(request)
        with desk.core.db.begin() as db:
            require(person, May.FLAG, relation(db, person, session_id))
            flagging.add_flag(
                db, desk.core, actor(person), session_id, start_ms, end_ms, category, severity, note
            )
        return back_to(f"/sessions/{session_id}")

    @router.post("/flags/{flag_id}")
    def look_at(request: Request, flag_id: str, state: Annotated[FlagState, Form()]) -> Response:
        person = desk.signed_in(request)
        with desk.core.db.begin() as db:
            session_id = flag_service.load(db, flag_id).session_id
            require(person, May.FLAG, relation(db, person, session_id))
            flag_service.decide(db, desk.core, actor(person), flag_id, state)
        return back_to(f"/sessions/{session_id}#flag-{flag_id}")

    @router.post("/sessions/{session_id}/decide")
    def decide(
        request: Request,
        session_id: str,
        outcome: Annotated[Outcome, Form()],
        category: Annotated[Category | None, Form()] = None,
        severity: Annotated[Severity | None, Form()] = None,
        reasons: Annotated[str, Form()] = "",
        note: Annotated[str, Form()] = "",
        flag: Annotated[list[str] | None, Form()] = None,
    ) -> Response:
        person = desk.signed_in(request)
        with desk.core.db.begin() as db:
            require(person, May.DECIDE, relation(db, person, session_id))
            who = actor(person)
            if outcome is Outcome.NO_CONCERN:
                reviews.decide_no_concern(db, desk.core, who, session_id)
            elif outcome is Outcome.UNCLEAR:
                reviews.decide_unclear(db, desk.core, who, session_id, note)
            else:
                chosen = check_chosen(category, severity)
                incidents.decide(db, desk.core, who, session_id, *chosen, reasons, tuple(flag or ()))
        return back_to(f"/sessions/{session_id}" if outcome is Outcome.INCIDENT else "/queue")

    return router
