"""Signals and thumbnails of a stream for the player: opened after the custody entry is committed.

They belong to the recording's evidence unit, and whoever may see the recording may see them. A view of them
is entered as a view of the stream. They are erased with it.
"""

import base64
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from proctoring.access.model import May
from proctoring.exams.model import Stream
from proctoring.recordings.timeline import SealedSegmentRef
from proctoring.signals import service as signals
from proctoring.signals.model import Sheet, decode
from proctoring.signals.service import SheetPlace
from proctoring.web.arrival import demand_own_page
from proctoring.web.head import is_head
from review_ui.media import opened, unopened
from review_ui.permit import SESSION, Permit, needs
from review_ui.staff_pages import StaffPages
from review_ui.views import enter_look
from storage.objects.naming import SEQ_MAX

Position = Annotated[int, Path(ge=0, le=SEQ_MAX)]
NO_STORE = {"Cache-Control": "no-store"}


def routes(staff: StaffPages) -> APIRouter:
    """`/sessions/{id}/signals/{stream}.json` and its sheets."""
    router = APIRouter()

    @router.get("/sessions/{session_id}/signals/{stream}.json")
    def of_stream(
        request: Request,
        session_id: str,
        stream: Stream,
        by: Annotated[Permit, needs(staff, May.VIEW_EVIDENCE, SESSION)],
    ) -> Response:
        found = _opened(staff, request, by, session_id=session_id, stream=stream, position=None)
        if found is None:
            return unopened("application/json")
        places, sheets = found
        return JSONResponse(
            {
                "stream": stream.value,
                "signals": [asdict(signal) for sheet in sheets for signal in sheet.signals],
                "sheets": [
                    {"n": place.position, "start_ms": place.start_ms, "end_ms": place.end_ms}
                    for place in places
                ],
            },
            headers=NO_STORE,
        )

    @router.get("/sessions/{session_id}/signals/{stream}/{position}.json")
    def thumbnails(
        request: Request,
        session_id: str,
        stream: Stream,
        position: Position,
        by: Annotated[Permit, needs(staff, May.VIEW_EVIDENCE, SESSION)],
    ) -> Response:
        found = _opened(staff, request, by, session_id=session_id, stream=stream, position=position)
        if found is None:
            return unopened("application/json")
        _, (sheet,) = found
        said = [
            {"ms": one.ms, "jpeg": base64.b64encode(one.jpeg).decode("ascii")} for one in sheet.thumbnails
        ]
        return JSONResponse({"stream": stream.value, "thumbnails": said}, headers=NO_STORE)

    return router


def _opened(
    staff: StaffPages, request: Request, by: Permit, *, session_id: str, stream: Stream, position: int | None
) -> tuple[list[SheetPlace], list[Sheet]] | None:
    """Where the stream's sheets are, and this one opened: without a position the newest of each take. None
    for a HEAD, which opens nothing."""
    demand_own_page(request)
    with staff.core.db.read() as db:
        places = signals.places(db, session_id, stream)
        refs: list[SealedSegmentRef] = (
            signals.newest(db, session_id, stream)
            if position is None
            else [signals.locate_sheet(db, session_id, stream, position)]
        )
    if is_head(request):
        return None
    if refs:
        enter_look(by, session_id, refs[0].unit_id, stream=stream.value, first=position or 0)
    return places, [decode(opened(staff, ref)) for ref in refs]
