"""Pieces that a candidate's page recorded while it could not publish: the missing time, and the takes that
fill it.

A client's clock is never evidence. A claimed time places a piece within a gap that the server knows, and
nowhere else. The piece stays marked as late, with the time of its arrival.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import ms_between, to_unix_ms
from proctoring.core import Core
from proctoring.errors import Invalid, WrongState
from proctoring.exams.model import Stream
from proctoring.quarantine.service import check_none
from proctoring.recordings.length import stored_until_ms
from proctoring.recordings.model import GAP_MS_MIN, GapPart
from proctoring.recordings.rows import OF_TAKE, GapRow, SegmentRow, TakeRow
from proctoring.recordings.service import BegunTake, open_take, unit_of
from proctoring.recordings.settle import settle
from proctoring.recordings.spans import EVER_MS, Span
from proctoring.sessions.model import OVER, Session
from proctoring.sessions.service import load as load_session
from proctoring.sessions.service import session_row
from proctoring.units.model import UnitKind, UnitState
from proctoring.units.rows import UnitRow, lock_units

LATE_WAIT = timedelta(minutes=15)
"""How long after it was last heard a page that holds pieces keeps an ended session open."""
LATE_AGE_MAX = timedelta(hours=2)
LATE_BYTES_MAX = 1 << 30  # sealed, per session: an hour of three streams at the pages' limits
LATE_SEGMENTS_MAX = 10_000  # per session: of pages' pieces, 4 s each, three streams of LATE_AGE_MAX are 5,400
CLAIM_AHEAD_MAX = timedelta(seconds=10)  # what a page may be wrong by: half of its slowest question
_USE_NOW = "Set your clock by `now` of the announcement's answer."


@dataclass(frozen=True, slots=True)
class Missing:
    """What a stream has and lacks, in Unix milliseconds of the server's clock.

    `stored_until`: all of the time before it that is in no gap is stored, or never will be. `gaps`: what
    may be filled now. `awaited_until`: until when a page is waited for. `now`: when this was so. Nothing is
    accepted unless `open`.
    """

    unit_id: str
    open: bool
    stored_until: int
    gaps: tuple[Span, ...]
    awaited_until: datetime | None
    now: int


def missing(db: Db, core: Core, session_id: str, stream: Stream | UnitKind) -> Missing:
    """Raises NotFound, Quarantined. A gap that lasts is filled only once nothing can be published any more:
    until then nobody knows where it ends."""
    check_none(db)
    session, now = load_session(db, session_id), core.clock()
    unit, now_ms = unit_of(db, session_id, stream), to_unix_ms(now)
    if unit.state != UnitState.OPEN.value:
        return Missing(unit.id, False, 0, (), None, now_ms)
    if session.started_at is None:
        return Missing(unit.id, session.state not in OVER, 0, (), unit.late_until, now_ms)
    started = to_unix_ms(session.started_at)
    end = _end_of_stream(db, session, unit.id)
    live = TakeRow.unit_id == unit.id, TakeRow.late.is_(False), TakeRow.end_ms > TakeRow.start_ms
    stored = db.scalar(select(func.max(TakeRow.end_ms)).where(*live)) or 0
    allowed = Span(to_unix_ms(now - LATE_AGE_MAX), now_ms)
    whole = GapRow.unit_id == unit.id, GapRow.part == GapPart.ALL.value
    rows = db.scalars(select(GapRow).where(*whole).order_by(GapRow.start_ms))
    known = [
        Span(row.start_ms, last)
        for row in rows
        if (last := end if row.end_ms is None else row.end_ms) is not None
    ]
    spans = [span.moved(started).within(allowed) for span in known]
    gaps = tuple(span for span in spans if span.length_ms >= GAP_MS_MIN)
    if not _has_room(db, session_id):
        gaps = ()
    stored_until = started + stored if end is None else EVER_MS
    return Missing(unit.id, True, stored_until, gaps, unit.late_until, now_ms)


def check_claim(missing: Missing, span: Span) -> None:
    """Raises Invalid for a piece that claims to end in the future, or to be older than anything accepted. Its
    sender's clock is wrong, and the moment of the piece is unknown."""
    ahead = timedelta(milliseconds=span.end_ms - missing.now)
    if ahead > CLAIM_AHEAD_MAX:
        raise Invalid(f"This piece ends {ahead} after the server's present.", _USE_NOW)
    if -ahead > LATE_AGE_MAX:
        raise Invalid(f"This piece is {-ahead} old; at most {LATE_AGE_MAX} is accepted.", _USE_NOW)


def is_news(missing: Missing, holding: bool, now: datetime) -> bool:
    """Whether what a page says of itself has to be written down: not every few seconds, but in time."""
    if not holding:
        return missing.awaited_until is not None
    return missing.awaited_until is None or missing.awaited_until < now + LATE_WAIT * 2 / 3


def expect(db: Db, core: Core, session_id: str, stream: Stream | UnitKind, holding: bool) -> None:
    """A page says whether it still holds pieces of this stream. While it does, and is heard of within
    LATE_WAIT, the session is not settled; once it does not, it may be at once. Raises NotFound."""
    session_row(db, session_id, lock=True)
    lock_units(db, session_id)
    unit = unit_of(db, session_id, stream)
    if unit.state != UnitState.OPEN.value:
        return
    unit.late_until = core.clock() + LATE_WAIT if holding else None
    db.flush()
    settle(db, core.clock(), session_id)


def begin_late_take(
    db: Db, core: Core, session_id: str, stream: Stream | UnitKind, media_type: str, *, start_unix_ms: int
) -> BegunTake:
    """Open a take for what arrives late; it changes neither the session's state nor what runs.

    Raises WrongState once the stream is closed, or before anything was recorded; NotFound, Quarantined.
    """
    check_none(db)
    row = session_row(db, session_id, lock=True)
    unit = unit_of(db, session_id, stream)
    if row.started_at is None or unit.state != UnitState.OPEN.value:
        raise WrongState("The recording is closed; nothing more is accepted.", "Delete what you hold.")
    return open_take(db, core, row, unit, media_type=media_type, start_unix_ms=start_unix_ms, late=True)


def _end_of_stream(db: Db, session: Session, unit_id: str) -> int | None:
    """Where a stream that nobody can publish any more ended, in ms since the session's start."""
    running = select(TakeRow.id).where(
        TakeRow.unit_id == unit_id, TakeRow.ended_at.is_(None), TakeRow.late.is_(False)
    )
    over = session.state in OVER and session.ended_at is not None and session.started_at is not None
    if not over or db.scalar(running.limit(1)) is not None:
        return None
    assert session.ended_at is not None and session.started_at is not None
    return max(ms_between(session.started_at, session.ended_at), stored_until_ms(db, session.id))


def _has_room(db: Db, session_id: str) -> bool:
    """Whether more may arrive late in this session."""
    units = select(UnitRow.id).where(UnitRow.session_id == session_id)
    late = select(func.coalesce(func.sum(SegmentRow.ct_len), 0), func.count()).join(TakeRow, OF_TAKE)
    size, segments = db.execute(late.where(SegmentRow.unit_id.in_(units), TakeRow.late)).one()
    return bool(size < LATE_BYTES_MAX and segments < LATE_SEGMENTS_MAX)
