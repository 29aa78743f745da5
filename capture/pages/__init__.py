"""The candidate's pages: notice, exam, the phone's page, and the page about one's own recording.

They hold no rule: what a page decides, a `model.py` of the core decided. Every text is in nl, fr, de, en.
"""

from fastapi import APIRouter, Depends, Request

from capture.identity_recorder import IdentityRecorder
from capture.pace import Pace
from capture.pages import exam, help, identity, notice, phone, recording, rehearsal
from proctoring.core import Core
from proctoring.sessions import service as sessions

SENT_AT_ONCE_MAX = 60
SENT_EVERY_S = 1.0
"""What the pages of one session may send: so much at once, then one every so many seconds. Each kind that
leaves a row or a ledger entry has a limit of its own beside this, in its noun."""


def routes(core: Core, images: IdentityRecorder) -> APIRouter:
    """All pages below `/c/{invitation}` and `/p/{phone token}`."""
    pace = Pace(SENT_AT_ONCE_MAX, SENT_EVERY_S)

    async def in_turn(request: Request) -> None:
        """Whatever is sent from a page of one session, in turn. Raises TokenRefused, TooMany."""
        if request.method == "POST":
            pace.demand_turn(_session_id(core, request))

    async def speaks(request: Request) -> None:
        """Should the answer be a page about a problem: the language that was registered for the candidate."""
        request.state.speaks = lambda: _registered(core, request)

    router = APIRouter(include_in_schema=False, dependencies=[Depends(speaks), Depends(in_turn)])
    router.include_router(notice.routes(core))
    router.include_router(exam.routes(core, images))
    router.include_router(help.routes(core))
    router.include_router(identity.routes(core, images))
    router.include_router(phone.routes(core, images))
    router.include_router(rehearsal.routes(core))
    router.include_router(recording.routes(core))
    return router


def _session_id(core: Core, request: Request) -> str:
    """Of the link in the address, which is the invitation or the phone's. Raises TokenRefused."""
    if (invitation := request.path_params.get("invitation")) is not None:
        return core.links.read_invitation(invitation)
    return core.links.read_phone(request.path_params["token"])


def _registered(core: Core, request: Request) -> str:
    """Raises CoreError."""
    with core.db.read() as db:
        return sessions.load(db, _session_id(core, request)).language
