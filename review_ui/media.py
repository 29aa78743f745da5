"""Time line and segments for the player; segments are opened one at a time.

No byte of a recording leaves before the custody entry about it is committed. Every refusal says why: erased
(404, with the certificate), not allowed (403), altered (409), store unreachable (503).
"""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from proctoring.access.model import May
from proctoring.errors import Conflict, NotFound, Unavailable
from proctoring.exams.model import Stream
from proctoring.flags.model import Flag
from proctoring.flags.service import of_session
from proctoring.recordings.logs import LogHead, heads
from proctoring.recordings.timeline import Form, SealedSegmentRef, locate, timeline
from proctoring.signals import service as signals
from proctoring.signals.service import SignalsHead
from proctoring.web.arrival import demand_own_page
from proctoring.web.compressed import compressed_json
from proctoring.web.head import is_head
from review_ui.permit import SESSION, Asked, Permit, needs, needs_later
from review_ui.staff_pages import StaffPages, names_of
from review_ui.titles import title
from review_ui.views import enter_for, enter_page_view, unentered
from storage.errors import KeyMissing, KeyServiceFailed, NotAuthentic, ObjectMissing, StoreFailed
from storage.objects.naming import SEQ_MAX

Known = Annotated[int, Query(ge=-1, le=SEQ_MAX)]
"""The last place of a unit's manifest that a page has."""
Position = Annotated[int, Path(ge=0, le=SEQ_MAX)]


def time_lines(staff: StaffPages) -> APIRouter:
    """`/sessions/{id}/timeline.json`."""
    router = APIRouter()

    @router.get("/sessions/{session_id}/timeline.json")
    def time_line(
        request: Request,
        session_id: str,
        by: Annotated[Permit, needs(staff, May.VIEW_EVIDENCE, SESSION)],
        form: Form = Form.SEGMENTS,
        webcam: Known = -1,
        phone: Known = -1,
        screen: Known = -1,
    ) -> Response:
        demand_own_page(request)
        enter_page_view(by, request, session_id)
        after = {Stream.WEBCAM: webcam, Stream.PHONE: phone, Stream.SCREEN: screen}
        with staff.core.db.read() as db:
            names = names_of(db)
            flags = [flag_json(flag, names) for flag in of_session(db, session_id)]
            more = {
                "flags": flags,
                "logs": [log_json(head) for head in heads(db, session_id)],
                "signals": [signals_json(head) for head in signals.heads(db, session_id)],
            }
            found = timeline(db, session_id, staff.now(), after)
        return compressed_json(request, found.json(form) | more)

    return router


def routes(staff: StaffPages) -> APIRouter:
    """`/media/…`: a thread and a reading transaction a request, since a page asks for several a second."""
    router = APIRouter()

    @router.get("/media/{session_id}/{stream}/{position}")
    def segment(
        request: Request,
        session_id: str,
        stream: Stream,
        position: Position,
        asked: Annotated[Asked, needs_later(staff, May.VIEW_EVIDENCE, SESSION)],
    ) -> Response:
        with asked.read() as (by, db):
            demand_own_page(request)
            ref = locate(db, session_id, stream, position)
            ground = unentered(db, by, session_id, ref.unit_id)
        container = ref.media_type.partition(";")[0]
        if is_head(request):
            return unopened(container)
        if ground is not None:
            enter_for(by, ground, session_id, ref.unit_id, stream=stream.value, first=position)
        return Response(opened(staff, ref), media_type=container, headers={"Cache-Control": "no-store"})

    return router


def unopened(media_type: str) -> Response:
    """Answer to a HEAD of evidence for somebody who may see it. Nothing is opened, so it has no length."""
    answer = Response(media_type=media_type, headers={"Cache-Control": "no-store"})
    del answer.headers["content-length"]
    return answer


def opened(staff: StaffPages, ref: SealedSegmentRef) -> bytes:
    """The segment's plaintext. Raises NotFound when it was erased meanwhile, and Conflict when the stored
    object is not the sealed one. Raises Unavailable when store or key service are unreachable."""
    try:
        sealed = staff.objects.get(ref.object_key)
        if hashlib.sha256(sealed).hexdigest() != ref.ct_sha256:
            raise NotAuthentic("the stored object is not the one in the manifest")
        unit = staff.opener.unit(ref.unit_id, ref.unit_key)
        return unit.open(ref.take_id, ref.sealed_take_key, ref.seq, ref.media_type, sealed)
    except (ObjectMissing, KeyMissing) as error:
        raise NotFound("This piece of the recording is gone.", "Load the page again to see why.") from error
    except NotAuthentic as error:
        raise Conflict(
            "This piece was altered after it was stored, so it is not shown.",
            "Tell the operator and the privacy officer.",
        ) from error
    except StoreFailed as error:
        raise Unavailable("The store does not answer.", "Try again in a minute.") from error
    except KeyServiceFailed as error:
        raise Unavailable("The key service does not answer.", "Try again in a minute.") from error


def log_json(head: LogHead) -> dict[str, str | int]:
    """A log on the time line: the number of entries, without their content."""
    return {"log": head.log.value, "state": head.state.value, "entries": head.entries}


def signals_json(head: SignalsHead) -> dict[str, str | int]:
    """A stream's signals on the time line: the number of sheets, without the measurements."""
    return {"stream": head.stream.value, "state": head.state.value, "sheets": head.sheets}


def flag_json(flag: Flag, names: dict[str, str]) -> dict[str, str | int]:
    """A flag as the player draws it."""
    return {
        "id": flag.id,
        "start_ms": flag.start_ms,
        "end_ms": flag.end_ms,
        "source": flag.source.value,
        "title": title(flag).words,
        "category": flag.category.value,
        "severity": flag.severity.value,
        "note": flag.note,
        "state": flag.state.value,
        "by": names.get(flag.raised_by, flag.source.value),
    }
