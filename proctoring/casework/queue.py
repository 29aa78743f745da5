"""The reviewers' work list: sessions with living evidence, those that are erased first on top."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session as Db

from proctoring.access.rows import UserRow
from proctoring.exams.rows import ExamRow
from proctoring.flags.model import Flag, FlagState
from proctoring.flags.rows import FlagRow
from proctoring.help import service as help_requests
from proctoring.holds.service import RESTRICTED, restricted
from proctoring.recordings import open_takes
from proctoring.recordings.length import STREAMS, lengths_ms
from proctoring.recordings.model import GapPart
from proctoring.recordings.rows import GapRow
from proctoring.reviews import service as reviews
from proctoring.reviews.model import Review, ReviewState
from proctoring.reviews.rows import ReviewRow
from proctoring.sessions.model import Session, SessionState
from proctoring.sessions.rows import SessionRow
from proctoring.units.model import LIVING_VALUES
from proctoring.units.rows import UnitRow

NOT_REVIEWED = (ReviewState.TO_REVIEW, ReviewState.IN_REVIEW)


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One session as the queue shows it. `gaps` are (start_ms, end_ms) of any stream; `calls` wait. Nobody
    works on one that is restricted."""

    session: Session
    exam_title: str
    zone: str
    due_at: datetime
    held: bool
    length_ms: int
    flags: tuple[Flag, ...]
    gaps: tuple[tuple[int, int], ...]
    review: Review
    claimed_by_name: str | None
    calls: int
    restricted: bool
    gone_since: datetime | None = None
    """The candidate, of a session that records; None while they are there."""

    @property
    def open_flags(self) -> tuple[Flag, ...]:
        return tuple(flag for flag in self.flags if flag.state is FlagState.OPEN)


def count_undecided(db: Db) -> int:
    """How many sessions of the queue nobody has decided, without those that are restricted."""
    living = select(UnitRow.session_id).where(UnitRow.state.in_(LIVING_VALUES), UnitRow.kind.in_(STREAMS))
    undecided = [state.value for state in NOT_REVIEWED]
    query = (
        select(func.count())
        .select_from(SessionRow)
        .join(ReviewRow, ReviewRow.session_id == SessionRow.id, isouter=True)
        .where(
            *_began(),
            SessionRow.id.in_(living),
            SessionRow.id.not_in(RESTRICTED),
            or_(ReviewRow.state.is_(None), ReviewRow.state.in_(undecided)),
        )
    )
    return db.scalar(query) or 0


def queue(
    db: Db, states: tuple[ReviewState, ...] | None = None, now: datetime | None = None
) -> list[QueueLine]:
    """Sessions that recorded something and are not erased, in one of these review states: those that call for
    help first, then by due date. One that records is as long as it is `now`, or else as what is stored."""
    due = (
        select(
            UnitRow.session_id,
            func.min(UnitRow.due_at).label("due"),
            func.max(UnitRow.active_holds).label("n"),
        )
        .where(UnitRow.state.in_(LIVING_VALUES), UnitRow.kind.in_(STREAMS))
        .group_by(UnitRow.session_id)
        .subquery()
    )
    query = (
        select(SessionRow, ExamRow, due.c.due, due.c.n)
        .join(due, due.c.session_id == SessionRow.id)
        .join(ExamRow, ExamRow.id == SessionRow.exam_id)
        .where(*_began())
        .order_by(due.c.due, SessionRow.started_at)
    )
    found = db.execute(query).all()
    ids = [row.SessionRow.id for row in found]
    touched = reviews.of_sessions(db, ids)
    flags: dict[str, list[Flag]] = defaultdict(list)
    for row in db.scalars(select(FlagRow).where(FlagRow.session_id.in_(ids))):
        flags[row.session_id].append(row.model())
    lengths = lengths_ms(db, ids, now)
    calls = help_requests.waiting(db, ids)
    closed = restricted(db)
    gaps = _gaps(db, ids, lengths)
    gone = open_takes.gone(db, ids, now) if now is not None else {}
    names = dict(db.execute(select(UserRow.id, UserRow.name)).all())
    lines = []
    for session, exam, due_at, holds in found:
        review = touched.get(session.id) or Review(session.id, ReviewState.TO_REVIEW, None, None, None, None)
        if states is not None and review.state not in states:
            continue
        lines.append(
            QueueLine(
                session.model(),
                exam.title,
                exam.zone,
                due_at,
                holds > 0,
                lengths.get(session.id, 0),
                tuple(sorted(flags[session.id], key=lambda flag: flag.start_ms)),
                tuple(gaps[session.id]),
                review,
                names.get(review.claimed_by or ""),
                calls.get(session.id, 0),
                session.id in closed,
                gone.get(session.id),
            )
        )
    return sorted(lines, key=lambda line: line.calls == 0)


def _began() -> tuple[ColumnElement[bool], ...]:
    states = (SessionState.RECORDING.value, SessionState.ENDED.value)
    return SessionRow.state.in_(states), SessionRow.started_at.is_not(None)


def _gaps(db: Db, ids: list[str], lengths: dict[str, int]) -> dict[str, list[tuple[int, int]]]:
    query = (
        select(UnitRow.session_id, GapRow.start_ms, GapRow.end_ms)
        .join(GapRow, GapRow.unit_id == UnitRow.id)
        .where(UnitRow.session_id.in_(ids), GapRow.part == GapPart.ALL.value)
        .order_by(GapRow.start_ms)
    )
    gaps: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for session_id, start_ms, end_ms in db.execute(query):
        gaps[session_id].append(
            (start_ms, end_ms if end_ms is not None else lengths.get(session_id, start_ms))
        )
    return gaps
