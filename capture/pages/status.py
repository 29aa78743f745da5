"""Answer that the pages' scripts ask for every few seconds."""

from datetime import datetime
from typing import Any

from capture.identity_recorder import IdentityRecorder
from proctoring.clock import iso
from proctoring.core import Core
from proctoring.exams.model import Stream
from proctoring.recordings import status as recorded
from proctoring.recordings.status import Status
from proctoring.spools import service as spools


def status(core: Core, session_id: str, images: IdentityRecorder) -> dict[str, Any]:
    """Of this session, now. `images`: of this process, which may be another than the one that records it."""
    with core.db.read() as db:
        kept = images.keeps() and spools.keeps(db, core, session_id)
        found = recorded.status(db, core, session_id, images.accepted_until(session_id))
        return as_json(found, core.clock(), kept)


def as_json(status: Status, now: datetime, kept: bool) -> dict[str, Any]:
    """`now` lets the page show the server's clock, whatever the computer's says.

    A stream that is `open` is connected; only what is stored makes it `recording`. One that is not `storable`
    sends what cannot be stored, or such pictures: that is no recording either.
    Unless `kept`, what is recorded waits in memory, and is lost there if that lasts.
    """
    streams: dict[str, dict[str, bool | str | None]] = {}
    for one in status.streams:
        streams[one.stream.value] = {
            "open": one.open,
            "recording": one.recording,
            "storable": one.storable,
            "until": iso(one.until) if one.until else None,
        }
        if one.stream is Stream.PHONE:
            streams[one.stream.value]["ready"] = one.ready
    return {
        "state": status.state.value,
        "started_at": iso(status.started_at) if status.started_at else None,
        "starts_at": iso(status.starts_at) if status.starts_at else None,
        "ends_at": iso(status.ends_at) if status.ends_at else None,
        "now": iso(now),
        "streams": streams,
        "kept": kept,
        "identity_images": status.identity_images,
        "needed": list(status.needed),
        "ended_why": status.ended_why.value if status.ended_why else None,
    }
