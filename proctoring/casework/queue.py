"""The reviewers' work list: sessions with living evidence. Those that call for help come first, then those
that are erased first. Places and counts come from the summaries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session as Db

from proctoring.exams.rows import ExamRow
from proctoring.paging import Page, page
from proctoring.summaries.model import Stage
from proctoring.summaries.rows import SummaryRow

SOON_MAX = timedelta(days=9)
"""What is due within a week of civil days, in whatever zone, is due by then."""

_TO_HURRY = (
    SummaryRow.listed == Stage.UNDECIDED.value,
    SummaryRow.held.is_(False),
    SummaryRow.recording.is_(False),
)


class Claimed(StrEnum):
    """By whom a session is claimed."""

    ANY = ""
    FREE = "free"
    MINE = "me"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which sessions the person with the id `me` wants to see."""

    me: str
    stage: Stage = Stage.UNDECIDED
    flagged: bool = False
    claimed: Claimed = Claimed.ANY


def queue(db: Db, asked: Asked, after: str = "") -> Page[SummaryRow]:
    """A page of the sessions asked for. Raises NotFound (`paging.page`)."""
    return page(db, SummaryRow, *_where(asked), by=(SummaryRow.rank, SummaryRow.due_at), after=after)


def due_first(db: Db, held: bool, size: int, after: str = "") -> Page[SummaryRow]:
    """A page of the sessions whose footage is kept, by due date: of those that are held, or of the others.
    Restricted ones are among them. Raises NotFound (`paging.page`)."""
    kept = SummaryRow.held.is_(held), SummaryRow.began.is_(True), SummaryRow.due_at.is_not(None)
    return page(db, SummaryRow, *kept, by=(SummaryRow.due_at,), after=after, size=size)


def count_mine(db: Db, person_id: str) -> int:
    """How many sessions of the queue this person has claimed."""
    mine = SummaryRow.claimed_by == person_id, SummaryRow.listed == Stage.UNDECIDED.value
    return db.scalar(select(func.count()).select_from(SummaryRow).where(*mine)) or 0


def due_soon(db: Db, now: datetime) -> list[tuple[str, datetime, int]]:
    """When sessions are due that are over, undecided and not held: the zone, the instant and how many; all
    within SOON_MAX."""
    number = func.count()
    query = select(ExamRow.zone, SummaryRow.due_at, number).join(ExamRow, ExamRow.id == SummaryRow.exam_id)
    soon = query.where(*_TO_HURRY, SummaryRow.due_at <= now + SOON_MAX)
    return [(zone, at, n) for zone, at, n in db.execute(soon.group_by(ExamRow.zone, SummaryRow.due_at)) if at]


def soonest(db: Db, now: datetime, limit: int) -> Sequence[SummaryRow]:
    """The first to go of the sessions that `due_soon` counts."""
    first = select(SummaryRow).where(*_TO_HURRY, SummaryRow.due_at <= now + SOON_MAX)
    return db.scalars(first.order_by(SummaryRow.due_at, SummaryRow.session_id).limit(limit)).all()


def _where(asked: Asked) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [SummaryRow.listed == asked.stage.value]
    if asked.flagged:
        where.append(SummaryRow.open_flags > 0)
    if asked.claimed is Claimed.FREE:
        where.append(SummaryRow.free.is_(True))
    if asked.claimed is Claimed.MINE:
        where.append(SummaryRow.claimed_by == asked.me)
    return where
