"""What the pages' scripts ask for every few seconds."""

from datetime import datetime
from typing import Any

from proctoring.clock import iso
from proctoring.exams.model import Stream
from proctoring.sessions.service import Status


def as_json(status: Status, now: datetime) -> dict[str, Any]:
    """`now` lets the page show the server's clock, whatever the computer's says.

    A stream that is not `storable` sends what cannot be stored, or such pictures: that is no recording.
    """
    streams: dict[str, dict[str, bool]] = {}
    for one in status.streams:
        streams[one.stream.value] = {"recording": one.recording, "storable": one.storable}
        if one.stream is Stream.PHONE:
            streams[one.stream.value]["ready"] = one.ready
    return {
        "state": status.state.value,
        "started_at": iso(status.started_at) if status.started_at else None,
        "starts_at": iso(status.starts_at) if status.starts_at else None,
        "ends_at": iso(status.ends_at) if status.ends_at else None,
        "now": iso(now),
        "streams": streams,
        "identity_images": status.identity_images,
    }
