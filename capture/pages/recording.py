"""After the exam: what is kept of it, who looked, until when and why; the appeal; the proof of erasure."""

import json
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from capture.pages.render import language_of, page, see
from capture.pages.ruler import ruler_of
from proctoring.appeals import service as appeals
from proctoring.core import Core
from proctoring.holds.model import REASON_CHARS_MAX, REASON_CHARS_MIN
from proctoring.privacy import service as privacy
from proctoring.privacy.model import OwnRecording
from proctoring.sessions import service as sessions


def routes(core: Core) -> APIRouter:
    """`/c/{invitation}/recording` and what hangs on it; works before and after erasure."""
    router = APIRouter()

    @router.get("/c/{invitation}/recording")
    def own_recording(request: Request, invitation: str) -> Response:
        own = _load(core, invitation)
        language = language_of(core, request, own.session.language)
        return page(
            core,
            request,
            "recording.html",
            language,
            own=own,
            zone=own.exam.regulation.zone,
            ruler=ruler_of(own, language),
            invitation=invitation,
            grounds_min=REASON_CHARS_MIN,
            grounds_max=REASON_CHARS_MAX,
        )

    @router.post("/c/{invitation}/appeal")
    def appeal(invitation: str, grounds: Annotated[str, Form()]) -> Response:
        session_id = core.links.read_invitation(invitation)
        with core.db.begin() as db:
            appeals.lodge(db, core, session_id, grounds)
        return see(f"/c/{invitation}/recording#appeal")

    @router.get("/c/{invitation}/certificates/{certificate_id}")
    def certificate(request: Request, invitation: str, certificate_id: str) -> Response:
        session_id = core.links.read_invitation(invitation)
        with core.db.read() as db:
            session = sessions.load(db, session_id)
            exam = sessions.exam_of(db, session)
            row = privacy.own_certificate(db, session_id, certificate_id)
        return page(
            core,
            request,
            "certificate.html",
            language_of(core, request, session.language),
            certificate=row,
            facts=json.loads(row.body),
            exam=exam,
            zone=exam.regulation.zone,
            invitation=invitation,
        )

    return router


def _load(core: Core, invitation: str) -> OwnRecording:
    session_id = core.links.read_invitation(invitation)
    with core.db.read() as db:
        return privacy.own_recording(db, core, session_id)
