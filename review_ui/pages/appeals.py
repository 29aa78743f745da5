"""List for the appeals committee: open appeals with their recordings, and the form for the answer."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from proctoring.access.model import May, may
from proctoring.appeals import service as appeals
from proctoring.appeals.model import Appeal, AppealOutcome, AppealState
from proctoring.casework.standing import relations
from proctoring.flags.model import Category, Severity
from proctoring.incidents import service as incidents
from proctoring.incidents.model import Amendment, Incident
from proctoring.recordings.sittings import sittings
from review_ui.permit import APPEAL, Permit, needs
from review_ui.staff_pages import StaffPages, back_to, names_of


def routes(staff: StaffPages) -> APIRouter:
    """`/appeals` and the answer."""
    router = APIRouter()

    @router.get("/appeals")
    def show(
        request: Request, by: Annotated[Permit, needs(staff, May.SEE_APPEALS)], after: str = ""
    ) -> Response:
        with staff.core.db.read() as db:
            lodged = [] if after else appeals.page_of(db, AppealState.LODGED)[0]
            answered, more = appeals.page_of(db, AppealState.CLOSED, after)
            about = {one.session_id for one in (*lodged, *answered)}
            sat, standing = sittings(db, about, staff.now()), relations(db, by.person, about)
            decided = incidents.of_sessions(db, {one.session_id for one in lodged})

            def line(one: Appeal) -> dict[str, object]:
                return {
                    "appeal": one,
                    "session": sat[one.session_id],
                    "incident": _against(one, decided),
                    "may_answer": may(by.person, May.CLOSE_APPEAL, standing[one.session_id]),
                }

            return staff.page(
                request,
                "appeals.html",
                by.person,
                db,
                open=[line(one) for one in lodged],
                closed=[{"appeal": one, "session": sat[one.session_id]} for one in answered],
                counts=(appeals.count_in(db, AppealState.LODGED), appeals.count_in(db, AppealState.CLOSED)),
                more=more,
                outcomes=tuple(AppealOutcome),
                categories=tuple(Category),
                severities=tuple(Severity),
                names=names_of(db),
            )

    @router.post("/appeals/{appeal_id}/close")
    def close(
        appeal_id: str,
        by: Annotated[Permit, needs(staff, May.CLOSE_APPEAL, APPEAL)],
        outcome: Annotated[AppealOutcome, Form()],
        answer: Annotated[str, Form()],
        category: Annotated[Category | None, Form()] = None,
        severity: Annotated[Severity | None, Form()] = None,
    ) -> Response:
        amendment = Amendment(category, severity) if category and severity else None
        with by.begin() as db:
            appeals.close(
                db, staff.core, by.actor, appeal_id, outcome=outcome, answer=answer, amendment=amendment
            )
        return back_to("/appeals")

    return router


def _against(appeal: Appeal, decided: list[Incident]) -> Incident | None:
    """The decision that the appeal is against; the newest, where none counted when it was lodged."""
    if appeal.incident_id is not None:
        return next(one for one in decided if one.id == appeal.incident_id)
    return next((one for one in decided if one.session_id == appeal.session_id), None)
