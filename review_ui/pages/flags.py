"""Forms for flags: raise one on the time line, confirm or dismiss it. Each answers 303."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from proctoring.access.model import May
from proctoring.casework import flagging
from proctoring.flags import service as flag_service
from proctoring.flags.model import Category, FlagState, Severity
from review_ui.permit import FLAG, SESSION, Permit, needs
from review_ui.staff_pages import StaffPages, back_to


def routes(staff: StaffPages) -> APIRouter:
    """`/sessions/{id}/flags` and `/flags/{id}`."""
    router = APIRouter()

    @router.post("/sessions/{session_id}/flags")
    def add_flag(
        session_id: str,
        by: Annotated[Permit, needs(staff, May.FLAG, SESSION)],
        start_ms: Annotated[int, Form()],
        end_ms: Annotated[int, Form()],
        category: Annotated[Category, Form()],
        severity: Annotated[Severity, Form()],
        note: Annotated[str, Form()] = "",
    ) -> Response:
        with by.begin() as db:
            flagging.add_flag(
                db,
                staff.core,
                by.actor,
                session_id,
                start_ms=start_ms,
                end_ms=end_ms,
                category=category,
                severity=severity,
                note=note,
            )
        return back_to(f"/sessions/{session_id}")

    @router.post("/flags/{flag_id}")
    def look_at(
        flag_id: str,
        by: Annotated[Permit, needs(staff, May.FLAG, FLAG)],
        state: Annotated[FlagState, Form()],
    ) -> Response:
        with by.begin() as db:
            flag_service.decide(db, staff.core, by.actor, flag_id, state)
        return back_to(f"/sessions/{by.session_id}#flag-{flag_id}")

    return router
