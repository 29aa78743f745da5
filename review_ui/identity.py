"""Identity images, served one at a time, and the proctor's answer about them.

Fewer people may see them than the recording. Each view gets its own ledger entry; VIEW_WINDOW does not apply.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response

from proctoring.access.model import May
from proctoring.casework import identity_answers
from proctoring.casework.standing import why
from proctoring.custody.model import Action
from proctoring.custody.service import enter
from proctoring.recordings.timeline import locate
from proctoring.units.model import UnitKind
from proctoring.web.arrival import demand_own_page
from proctoring.web.head import is_head
from review_ui.media import opened, unopened
from review_ui.permit import SESSION, Permit, needs
from review_ui.staff_pages import StaffPages, back_to
from storage.objects.naming import SEQ_MAX

Position = Annotated[int, Path(ge=0, le=SEQ_MAX)]


def routes(staff: StaffPages) -> APIRouter:
    """`/sessions/{id}/identity` and its images."""
    router = APIRouter()

    @router.get("/sessions/{session_id}/identity/{position}.jpg")
    def image(
        request: Request,
        session_id: str,
        position: Position,
        by: Annotated[Permit, needs(staff, May.VIEW_IDENTITY, SESSION)],
    ) -> Response:
        demand_own_page(request)
        kind = UnitKind.IDENTITY
        with by.begin() as db:
            ref = locate(db, session_id, kind, position)
            if is_head(request):
                return unopened(ref.media_type)
            enter(
                db,
                staff.core.clock,
                by.actor,
                Action.EVIDENCE_VIEW,
                session_id,
                unit_id=ref.unit_id,
                stream=kind.value,
                first=position,
                why=why(db, by.person, session_id),
            )
        return Response(opened(staff, ref), media_type=ref.media_type, headers={"Cache-Control": "no-store"})

    @router.post("/sessions/{session_id}/identity")
    def answer(
        session_id: str,
        by: Annotated[Permit, needs(staff, May.CHECK_IDENTITY, SESSION)],
        confirmed: Annotated[bool, Form()],
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        with by.begin() as db:
            identity_answers.answer(db, staff.core, by.actor, session_id, confirmed=confirmed, reason=reason)
        return back_to(f"/sessions/{session_id}#panel-identity")

    return router
