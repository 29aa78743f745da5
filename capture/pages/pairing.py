"""Address of the phone's pages, and the code that leads there."""

import io

import segno
from fastapi import Request, Response

from proctoring.core import Core
from proctoring.sessions.model import Session

# A screen is clean and bright: the lowest level gives the largest, most easily read squares.
QR_ERROR_LEVEL = "l"


def phone_url(core: Core, request: Request, session: Session) -> str:
    """The second camera's page. A configured public address wins over what this browser happened to use."""
    base = core.settings.public_url or str(request.base_url)
    return f"{base.rstrip('/')}/p/{core.links.phone(session)}"


def identity_url(core: Core, request: Request, session: Session) -> str:
    """Where a phone takes the picture of the identity card."""
    return f"{phone_url(core, request, session)}/identity"


def qr_code(url: str) -> Response:
    """An SVG of the address, drawn here: no address of a candidate goes to another service."""
    drawing = io.BytesIO()
    code = segno.make(url, error=QR_ERROR_LEVEL, micro=False)
    code.save(drawing, kind="svg", border=3, xmldecl=False, omitsize=True, dark="#000", light="#fff")
    return Response(drawing.getvalue(), media_type="image/svg+xml")
