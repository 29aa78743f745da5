"""Status of a session and of each of its streams, as the candidate's pages ask every few seconds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.exams.model import Stream
from proctoring.exams.rows import ExamRow
from proctoring.recordings import gaps, open_takes
from proctoring.recordings.ending import end_reason
from proctoring.recordings.model import is_recorded
from proctoring.sessions.model import EndReason, Schedule, SessionState, filming_began, needed_to_begin
from proctoring.sessions.rows import SessionRow
from proctoring.sessions.service import session_row
from proctoring.units.model import UnitKind
from proctoring.units.rows import UnitRow

PHONE_READY_FOR = timedelta(seconds=15)
NOTHING: Mapping[str, datetime] = MappingProxyType({})
COLUMNS = (
    SessionRow.id,
    SessionRow.exam_id,
    SessionRow.state,
    SessionRow.started_at,
    SessionRow.ended_at,
    SessionRow.starts_at,
    SessionRow.minutes,
    SessionRow.extra_minutes,
    SessionRow.phone_ready_at,
)
"""Of the session, what a status needs: without the text of its notice."""


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
    """Of one session, as `statuses`. Raises NotFound."""
    found = statuses(db, core, [session_id], accepted)
    if session_id not in found:
        session_row(db, session_id)
    return found[session_id]


def statuses(
    db: Db, core: Core, session_ids: Collection[str], accepted: Mapping[str, datetime] = NOTHING
) -> dict[str, Status]:
    """Present state of these sessions and each of their streams, in as many queries as of one. `accepted`: by
    take id, the time up to which each take is in a spool that the asking process knows. Committed media are
    known without it. A session that does not exist is left out."""
    rows = db.execute(select(*COLUMNS).where(SessionRow.id.in_(session_ids))).all()
    reaches = open_takes.reaches(db, {row.id: row.started_at for row in rows}, accepted)
    unstorable = gaps.unstorable(db, session_ids)
    cards = select(UnitRow.session_id, UnitRow.manifest_size).where(
        UnitRow.session_id.in_(session_ids), UnitRow.kind == UnitKind.IDENTITY.value
    )
    images = {row.session_id: row.manifest_size for row in db.execute(cards)}
    exams = select(ExamRow).where(ExamRow.id.in_({row.exam_id for row in rows}))
    profiles = {exam.id: exam.model().profile for exam in db.scalars(exams)}
    now = core.clock()
    found: dict[str, Status] = {}
    for row in rows:
        state, profile = SessionState(row.state), profiles[row.exam_id]
        schedule = Schedule(row.starts_at, row.minutes, row.extra_minutes)
        streams = tuple(
            StreamStatus(
                stream,
                reach.open,
                is_recorded(reach.open_until, now),
                (row.id, stream.value) not in unstorable,
                stream is Stream.PHONE and _ready(row.phone_ready_at, now),
                reach.until,
            )
            for stream in profile.streams
            for reach in (reaches.get((row.id, stream.value), open_takes.Reach()),)
        )
        found[row.id] = Status(
            state,
            row.started_at,
            row.ended_at,
            streams,
            images.get(row.id, 0),
            schedule.starts_at,
            schedule.ends_at(filming_began(row.started_at)),
            end_reason(db, row.id) if state is SessionState.ENDED else None,
            needed_to_begin(state, profile),
        )
    return found


def _ready(seen: datetime | None, now: datetime) -> bool:
    return seen is not None and now - seen < PHONE_READY_FOR
