"""Answer that the pages' scripts ask for every few seconds."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session as Db

from capture.identity_recorder import Accepting
from proctoring.clock import iso
from proctoring.core import Core
from proctoring.exams.model import Stream
from proctoring.recordings import status as recorded
from proctoring.recordings.status import Status
from proctoring.sessions.service import unknown_session
from proctoring.spools import service as spools


def status(core: Core, session_id: str, here: Accepting) -> dict[str, Any]:
    """Of this session, now. Raises NotFound. `here`: of this process, which may be another than the one that
    records it."""
    with core.db.read() as db:
        found = statuses(db, core, [session_id], here)
    if session_id not in found:
        raise unknown_session(session_id)
    return found[session_id] | {"now": iso(core.clock())}


def statuses(db: Db, core: Core, session_ids: Collection[str], here: Accepting) -> dict[str, dict[str, Any]]:
    """The same of many in as many queries as of one, without the time. Those that do not exist are left
    out."""
    found = recorded.statuses(db, core, session_ids, here.accepted_until())
    not_kept = spools.not_kept(db, core, session_ids) if (keeps := here.keeps()) else set()
    return {one: as_json(status, keeps and one not in not_kept) for one, status in found.items()}


def as_json(status: Status, kept: bool) -> dict[str, Any]:
    """The answer without `now`, with which the page shows the server's clock, whatever the computer's says.

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
            "until": _iso(one.until),
        }
        if one.stream is Stream.PHONE:
            streams[one.stream.value]["ready"] = one.ready
    return {
        "state": status.state.value,
        "started_at": _iso(status.started_at),
        "starts_at": _iso(status.starts_at),
        "ends_at": _iso(status.ends_at),
        "streams": streams,
        "kept": kept,
        "identity_images": status.identity_images,
        "needed": list(status.needed),
        "ended_why": status.ended_why.value if status.ended_why else None,
    }


def _iso(at: datetime | None) -> str | None:
    return iso(at) if at else None
