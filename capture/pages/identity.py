"""Images of the identity card: masked in the browser, checked here, handed on to be sealed.

They come from the exam page, or from the phone that follows the code on it.
"""

from fastapi import APIRouter, Request, Response

from capture.bearer import bounded_body
from capture.identity_recorder import IdentityRecorder
from capture.media.jpeg import picture_only
from capture.pages.pairing import identity_url, qr_code
from capture.pages.render import language_of, page
from proctoring.core import Core
from proctoring.errors import NotFound
from proctoring.sessions import service as sessions
from proctoring.web.bodies import Body
from proctoring.web.problems import Problem

IMAGE_BYTES_MAX = 2 << 20
MEDIA_TYPE = "image/jpeg"
FROM_COMPUTER, FROM_PHONE = "/c/{invitation}/identity", "/p/{token}/identity"
BODIES = tuple(Body("POST", path, IMAGE_BYTES_MAX) for path in (FROM_COMPUTER, FROM_PHONE))


def routes(core: Core, images: IdentityRecorder) -> APIRouter:
    """`POST /c/{invitation}/identity`, `/p/{token}/identity`, and the code that leads there."""
    router = APIRouter()

    @router.post(FROM_COMPUTER, status_code=204)
    async def from_computer(request: Request, invitation: str) -> Response:
        return await _keep(images, core.links.read_invitation(invitation), request)

    @router.post(FROM_PHONE, status_code=204)
    async def from_phone(request: Request, token: str) -> Response:
        return await _keep(images, core.links.read_phone(token), request)

    @router.get(FROM_PHONE)
    def phone_page(request: Request, token: str) -> Response:
        session_id = core.links.read_phone(token)
        with core.db.read() as db:
            session = sessions.load(db, session_id)
            exam = sessions.exam_of(db, session)
        if not exam.profile.identity_copy:
            raise NotFound(
                "This exam takes no copy of an identity card.", "Go on at the computer.", "no-card"
            )
        language = language_of(core, request, session.language)
        return page(core, request, "identity.html", language, token=token, exam=exam, session=session)

    @router.get("/c/{invitation}/identity.svg")
    def code(request: Request, invitation: str) -> Response:
        session_id = core.links.read_invitation(invitation)
        with core.db.read() as db:
            session = sessions.load(db, session_id)
        return qr_code(identity_url(core, request, session))

    return router


async def _keep(images: IdentityRecorder, session_id: str, request: Request) -> Response:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise Problem(
            415, "Wrong content type", f"The body has to be {MEDIA_TYPE}.", "Send the picture as JPEG."
        )
    picture = await bounded_body(request, IMAGE_BYTES_MAX, "Take it again.")
    await images.keep_image(session_id, picture_only(picture))
    return Response(status_code=204)
