"""Logs of a session for the player: opened whole, after the custody entry about it is committed."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from proctoring.access.model import May, require
from proctoring.access.service import actor
from proctoring.casework.standing import relation, why
from proctoring.custody.views import enter_view, is_entered
from proctoring.holds.service import check_not_restricted
from proctoring.recordings import logs
from proctoring.recordings.events import Log
from proctoring.sessions import service as sessions
from proctoring.web.arrival import demand_own_page
from proctoring.web.head import is_head
from review_ui.desk import Desk
from review_ui.media import opened, unopened


def routes(desk: Desk) -> APIRouter:
    """`/sessions/{id}/logs/{log}.json`."""
    router = APIRouter()

    @router.get("/sessions/{session_id}/logs/{log}.json")
    def entries(request: Request, session_id: str, log: Log) -> Response:
        person = desk.signed_in(request)
        demand_own_page(request)
        with desk.core.db.read() as db:
            require(person, May.VIEW_EVIDENCE, relation(db, person, session_id))
            check_not_restricted(db, session_id)
            refs = logs.sealed(db, session_id, log)
            started = sessions.load(db, session_id).started_at
            unit_id = refs[0].unit_id if refs else None
            entered = unit_id is None or is_entered(db, desk.core, actor(person), session_id, unit_id)
            ground = why(db, person, session_id)
        if is_head(request):
            return unopened("application/json")
        if unit_id is not None and not entered:
            with desk.core.db.begin() as db:
                enter_view(db, desk.core, actor(person), session_id, unit_id, log.value, 0, ground)
        found = logs.entries((opened(desk, ref) for ref in refs), started) if started else []
        return JSONResponse({"log": log.value, "entries": found}, headers={"Cache-Control": "no-store"})

    return router
