"""The appeals committee's list: open appeals with the recording they are about, and the answer."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from proctoring.access.model import May, require
from proctoring.access.service import actor
from proctoring.access.standing import relation
from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome, AppealState
from proctoring.errors import Denied
from proctoring.incidents import service as incidents
from proctoring.recordings.timeline import timeline
from review_ui.desk import Desk, back_to, ever, names_of


def routes(desk: Desk) -> APIRouter:
    """`/appeals` and the answer."""
    router = APIRouter()

    @router.get("/appeals")
    def show(request: Request) -> Response:
        person = desk.signed_in(request)
        if not ever(person, May.CLOSE_APPEAL):
            raise Denied("Appeals are answered by the appeals committee.", "Sign in as a member of it.")
        with desk.core.db.read() as db:
            lines = [
                {
                    "appeal": one,
                    "timeline": timeline(db, one.session_id, desk.now()),
                    "incident": next(iter(incidents.of_session(db, one.session_id)), None),
                }
                for one in appeals.all_appeals(db)
            ]
            return desk.page(
                request,
                "appeals.html",
                person,
                db,
                open=[line for line in lines if line["appeal"].state is AppealState.LODGED],  # type: ignore[union-attr]
                closed=[line for line in lines if line["appeal"].state is AppealState.CLOSED],  # type: ignore[union-attr]
                outcomes=tuple(AppealOutcome),
                names=names_of(db),
            )

    @router.post("/appeals/{appeal_id}/close")
    def close(
        request: Request,
        appeal_id: str,
        outcome: Annotated[AppealOutcome, Form()],
        answer: Annotated[str, Form()],
    ) -> Response:
        person = desk.signed_in(request)
        with desk.core.db.begin() as db:
            session_id = appeals.load(db, appeal_id).session_id
            require(person, May.CLOSE_APPEAL, relation(db, person, session_id))
            appeals.close(db, desk.core, actor(person), appeal_id, outcome, answer)
        return back_to("/appeals")

    return router
