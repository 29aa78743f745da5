"""Logs of a session for the player: opened after their custody entry is committed.

An open page names the last batch that it has, and only what came after is opened.
"""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from proctoring.access.model import May
from proctoring.recordings import logs
from proctoring.recordings.events import Log
from proctoring.sessions import service as sessions
from proctoring.web.arrival import demand_own_page
from proctoring.web.head import is_head
from review_ui.media import Known, opened, unopened
from review_ui.permit import SESSION, Permit, needs
from review_ui.staff_pages import StaffPages
from review_ui.views import enter_look


def routes(staff: StaffPages) -> APIRouter:
    """`/sessions/{id}/logs/{log}.json`."""
    router = APIRouter()

    @router.get("/sessions/{session_id}/logs/{log}.json")
    def entries(
        request: Request,
        session_id: str,
        log: Log,
        by: Annotated[Permit, needs(staff, May.VIEW_EVIDENCE, SESSION)],
        after: Known = -1,
    ) -> Response:
        demand_own_page(request)
        with staff.core.db.read() as db:
            refs = logs.sealed(db, session_id, log, after)
            started = sessions.load(db, session_id).started_at
        if is_head(request):
            return unopened("application/json")
        if refs:
            enter_look(by, session_id, refs[0].unit_id, stream=log.value, first=after + 1)
        found = logs.entries((opened(staff, ref) for ref in refs), started) if started else []
        answer = {"log": log.value, "entries": found, "newest": after + len(refs)}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    return router
