"""Status of a session and of each of its streams, as the candidate's pages ask every few seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.exams.model import Stream
from proctoring.exams.service import load as load_exam
from proctoring.recordings import gaps, open_takes
from proctoring.recordings.ending import end_reason
from proctoring.recordings.model import is_recorded
from proctoring.sessions.model import EndReason, SessionState, filming_began, needed_to_begin
from proctoring.sessions.service import session_row
from proctoring.units.model import UnitKind
from proctoring.units.rows import UnitRow

PHONE_READY_FOR = timedelta(seconds=15)
NOTHING: Mapping[str, datetime] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """`open`: a take of it is under way; `recording`: and what came of it lately is stored (`is_recorded`).
    `storable`: nothing is known that keeps what is sent from being stored. `until`: where that ends which is
    stored."""

    stream: Stream
    open: bool
    recording: bool
    storable: bool
    ready: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """What the candidate's pages ask for every few seconds."""

    state: SessionState
    started_at: datetime | None
    ended_at: datetime | None
    streams: tuple[StreamStatus, ...]
    identity_images: int
    starts_at: datetime | None
    ends_at: datetime | None
    ended_why: EndReason | None
    needed: tuple[str, ...]


def status(db: Db, core: Core, session_id: str, accepted: Mapping[str, datetime] = NOTHING) -> Status:
    """Present state of the session and each of its streams. `accepted`: by take id, the time up to which the
    asking process has each take in its spool. Committed media are known without it."""
    row, now = session_row(db, session_id), core.clock()
    reaches = open_takes.reaches(db, session_id, row.started_at, accepted)
    unstorable = gaps.unstorable(db, session_id)
    profile = load_exam(db, row.exam_id).profile
    seen = row.phone_ready_at
    phone = seen is not None and now - seen < PHONE_READY_FOR
    streams = tuple(
        StreamStatus(
            stream,
            reach.open,
            is_recorded(reach.open_until, now),
            stream.value not in unstorable,
            stream is Stream.PHONE and phone,
            reach.until,
        )
        for stream in profile.streams
        for reach in (reaches.get(stream.value, open_takes.Reach()),)
    )
    card = select(UnitRow.manifest_size).where(
        UnitRow.session_id == session_id, UnitRow.kind == UnitKind.IDENTITY.value
    )
    schedule = row.model().schedule
    return Status(
        SessionState(row.state),
        row.started_at,
        row.ended_at,
        streams,
        db.scalar(card) or 0,
        schedule.starts_at,
        schedule.ends_at(filming_began(row.started_at)),
        end_reason(db, session_id) if SessionState(row.state) is SessionState.ENDED else None,
        needed_to_begin(SessionState(row.state), profile),
    )
