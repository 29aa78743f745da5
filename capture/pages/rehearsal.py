"""The rehearsal: the devices and the connection, tried days before. It keeps nothing, and says so."""

from fastapi import APIRouter, Request, Response

from capture.pages.render import language_of, page, see
from proctoring.core import Core
from proctoring.exams.model import Stream
from proctoring.sessions import service as sessions
from proctoring.sessions.model import NOT_BEGUN


def routes(core: Core) -> APIRouter:
    """`/c/{invitation}/rehearsal`; needs no notice and admits nobody."""
    router = APIRouter()

    @router.get("/c/{invitation}/rehearsal")
    def rehearse(request: Request, invitation: str) -> Response:
        session_id = core.links.read_invitation(invitation)
        with core.db.read() as db:
            session = sessions.load(db, session_id)
            exam = sessions.exam_of(db, session)
        if session.state not in NOT_BEGUN:
            return see(f"/c/{invitation}")
        return page(
            core,
            request,
            "rehearsal.html",
            language_of(core, request, session.language),
            exam=exam,
            invitation=invitation,
            screen=Stream.SCREEN in exam.profile.streams,
            phone=Stream.PHONE in exam.profile.streams,
            token=core.links.rehearsal(session, Stream.WEBCAM),
        )

    return router
