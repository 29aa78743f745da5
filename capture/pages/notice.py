"""The notice: read and answered before the exam, and the one that was given, read again later."""

from fastapi import APIRouter, Request, Response

from capture.pages.exam import load, names
from capture.pages.render import controller, language_of, page, see
from proctoring.core import Core
from proctoring.errors import NotFound
from proctoring.exams.notice import VERSION_CHARS_SHOWN, notice, read
from proctoring.privacy import service as privacy
from proctoring.sessions import service as sessions
from proctoring.sessions.model import OVER, Session, SessionState


def routes(core: Core) -> APIRouter:
    """`/c/{invitation}` and `/c/{invitation}/notice`."""
    router = APIRouter()

    @router.get("/c/{invitation}")
    def read_notice(request: Request, invitation: str) -> Response:
        session, exam = load(core, invitation)
        if session.state in OVER:
            return see(f"/c/{invitation}/recording")
        language = language_of(core, request, session.language)
        given = notice(exam, controller(core.settings), language)
        return page(
            core,
            request,
            "notice.html",
            language,
            notice=given,
            version=given.version[:VERSION_CHARS_SHOWN],
            streams=names(exam),
            identity_copy=exam.profile.identity_copy,
            invitation=invitation,
            kept=False,
            running=session.state is SessionState.RECORDING,
            answered=_answered(core, session),
        )

    @router.post("/c/{invitation}/admit")
    def admit(request: Request, invitation: str) -> Response:
        session, exam = load(core, invitation)
        if session.state is not SessionState.RECORDING:
            language = language_of(core, request, session.language)
            given = notice(exam, controller(core.settings), language)
            with core.db.begin() as db:
                sessions.admit(
                    db, core, session.id, given.version, notice_text=given.kept(), language=language
                )
        return see(f"/c/{invitation}/exam")

    @router.get("/c/{invitation}/notice")
    def given_notice(request: Request, invitation: str) -> Response:
        session_id = core.links.read_invitation(invitation)
        with core.db.read() as db:
            own = privacy.own_recording(db, core, session_id)
        if own.notice_text is None or own.notice_version is None:
            raise NotFound(
                "No notice was given in this session.",
                "Open your invitation to read the present one.",
                "no-notice",
            )
        return page(
            core,
            request,
            "notice.html",
            language_of(core, request, own.session.language),
            notice=read(own.notice_text),
            version=own.notice_version[:VERSION_CHARS_SHOWN],
            streams=[],
            identity_copy=False,
            invitation=invitation,
            kept=True,
            running=False,
            answered=False,
        )

    return router


def _answered(core: Core, session: Session) -> bool:
    """Whether the wish to sit in person has an answer."""
    with core.db.read() as db:
        wish = sessions.wish_of(db, session.id)
    return wish is not None and not wish.waits
