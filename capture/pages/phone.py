"""The phone's page: a second camera, paired by the code on the computer's page."""

from typing import Any

from fastapi import APIRouter, Request, Response

from capture.identity_recorder import IdentityRecorder
from capture.pages.render import language_of, page
from capture.pages.status import status
from proctoring.core import Core
from proctoring.errors import NotFound
from proctoring.exams.model import Stream
from proctoring.sessions import service as sessions


def routes(core: Core, images: IdentityRecorder) -> APIRouter:
    """`/p/{token}`."""
    router = APIRouter()

    @router.get("/p/{token}")
    def second_camera(request: Request, token: str) -> Response:
        session_id = core.links.read_phone(token)
        with core.db.read() as db:
            session = sessions.load(db, session_id)
            exam = sessions.exam_of(db, session)
        if Stream.PHONE not in exam.profile.streams:
            raise NotFound("This exam records no phone.", "Go on at the computer.", "no-phone")
        return page(
            core,
            request,
            "phone.html",
            language_of(core, request, session.language),
            token=token,
            exam=exam,
            session=session,
            ingest=core.links.ingest(session, Stream.PHONE),
            alone=exam.profile.streams == (Stream.PHONE,),
        )

    @router.post("/p/{token}/ready", status_code=204)
    def ready(token: str) -> Response:
        session_id = core.links.read_phone(token)
        with core.db.begin() as db:
            sessions.phone_ready(db, core, session_id)
        return Response(status_code=204)

    @router.get("/p/{token}/status.json")
    def state(token: str) -> dict[str, Any]:
        return status(core, core.links.read_phone(token), images)

    return router
