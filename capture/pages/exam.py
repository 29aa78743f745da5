"""During the exam: its page with the steps, and what its script asks for."""

from typing import Any

from fastapi import APIRouter, Request, Response

from capture.identity_recorder import IdentityRecorder
from capture.pages.pairing import identity_url, phone_url, qr_code
from capture.pages.render import language_of, page, see
from capture.pages.status import status
from proctoring.core import Core
from proctoring.exams.model import Exam, Stream
from proctoring.recordings import ending
from proctoring.sessions import service as sessions
from proctoring.sessions.model import OVER, EndReason, Session, SessionState

GRACE_S = 120
"""Between the end of the candidate's time and the end of the recording, for handing in."""
COMPUTER_STREAMS = (Stream.WEBCAM, Stream.SCREEN)


def routes(core: Core, images: IdentityRecorder) -> APIRouter:
    """`/c/{invitation}/exam` up to the end of the exam."""
    router = APIRouter()

    @router.get("/c/{invitation}/exam")
    def take_exam(request: Request, invitation: str) -> Response:
        session, exam = load(core, invitation)
        if session.state in OVER:
            return see(f"/c/{invitation}/recording")
        if session.state is SessionState.INVITED:
            return see(f"/c/{invitation}")
        streams = exam.profile.streams
        tokens = {
            stream.value: core.links.ingest(session, stream)
            for stream in COMPUTER_STREAMS
            if stream in streams
        }
        return page(
            core,
            request,
            "exam.html",
            language_of(core, request, session.language),
            exam=exam,
            session=session,
            invitation=invitation,
            streams=names(exam),
            tokens=tokens,
            events_token=core.links.events(session) if exam.profile.activity_log else None,
            phone_url=phone_url(core, request, session),
            identity_url=identity_url(core, request, session),
            running=session.state is SessionState.RECORDING,
            grace_s=GRACE_S,
            end_reasons=tuple(EndReason),
        )

    @router.get("/c/{invitation}/phone.svg")
    def phone_code(request: Request, invitation: str) -> Response:
        session, _ = load(core, invitation)
        return qr_code(phone_url(core, request, session))

    @router.get("/c/{invitation}/status.json")
    def state(invitation: str) -> dict[str, Any]:
        return status(core, core.links.read_invitation(invitation), images)

    @router.post("/c/{invitation}/finish")
    def finish(request: Request, invitation: str) -> Response:
        session_id = core.links.read_invitation(invitation)
        with core.db.begin() as db:
            ending.finish(db, core, session_id)
        if "text/html" in request.headers.get("accept", ""):
            return see(f"/c/{invitation}/recording")
        return Response(status_code=204)

    return router


def load(core: Core, invitation: str) -> tuple[Session, Exam]:
    """The invitation's session and its exam. Raises TokenRefused, NotFound."""
    session_id = core.links.read_invitation(invitation)
    with core.db.read() as db:
        session = sessions.load(db, session_id)
        return session, sessions.exam_of(db, session)


def names(exam: Exam) -> list[str]:
    """The streams that the exam records, as pages name them."""
    return [stream.value for stream in exam.profile.streams]
