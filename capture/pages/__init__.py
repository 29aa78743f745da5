"""The candidate's pages: notice, exam, the phone's page, and the page about one's own recording.

They hold no rule: what a page decides, a `model.py` of the core decided. Every text is in nl, fr, de, en.
"""

from pathlib import Path

from fastapi import APIRouter

from capture.pages import exam, help, identity, phone, recording, rehearsal
from capture.stills import Stills
from proctoring.core import Core

STATIC = Path(__file__).parent.parent / "static"
"""Served below `/static/candidate`."""


def routes(core: Core, stills: Stills) -> APIRouter:
    """All pages below `/c/{invitation}` and `/p/{phone token}`."""
    router = APIRouter(include_in_schema=False)
    router.include_router(exam.routes(core, stills.keeps))
    router.include_router(help.routes(core))
    router.include_router(identity.routes(core, stills))
    router.include_router(phone.routes(core, stills.keeps))
    router.include_router(rehearsal.routes(core))
    router.include_router(recording.routes(core))
    return router
