"""The custody ledger as a page: who did what to which evidence, and whether the chain still holds."""

from fastapi import APIRouter, Request, Response

from proctoring.access.model import May, require
from proctoring.custody import service as custody
from proctoring.custody.model import first_break
from review_ui.desk import Desk

PAGE_SIZE = 100


def routes(desk: Desk) -> APIRouter:
    """`/ledger`, newest first; `?session=` shows one session's entries."""
    router = APIRouter()

    @router.get("/ledger")
    def show(request: Request, session: str = "", before: int = 0) -> Response:
        person = desk.signed_in(request)
        require(person, May.READ_LEDGER)
        with desk.core.db.read() as db:
            every = custody.entries(db)
            broken = first_break(every)
            asked = [one for one in every if not session or one.session_id == session.strip()]
            older = [one for one in asked if not before or one.number < before]
            shown = list(reversed(older))[:PAGE_SIZE]
            return desk.page(
                request,
                "ledger.html",
                person,
                db,
                entries=shown,
                total=len(every),
                asked=len(asked),
                session=session.strip(),
                broken=broken,
                more=shown[-1].number if len(older) > PAGE_SIZE else None,
            )

    return router
