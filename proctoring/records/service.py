"""A session's record is made when it is over; what people wrote is erased by the retention worker. Each with
its entry, in the caller's transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session as Db

from proctoring.appeals.model import AppealOutcome
from proctoring.appeals.rows import AppealRow
from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.apart import apart
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.exams.rows import ExamRow
from proctoring.holds.rows import HoldRow
from proctoring.incidents.model import STANDING
from proctoring.incidents.rows import IncidentRow
from proctoring.records import words
from proctoring.records.model import RECORD, Standing, record_goes, record_until, words_go
from proctoring.records.rows import RecordRow
from proctoring.sessions.rows import IS_OVER, SessionRow
from proctoring.sessions.service import session_row
from proctoring.units.due import due_at
from proctoring.units.model import KEYLESS_VALUES
from proctoring.units.rows import UnitRow

AT_ONCE_MAX = 500
"""Sessions that one pass looks at because their record has ended; as many because it is to be made."""
JUST_OVER = timedelta(days=1)
"""How long a session is looked for by the time of its end; later it is met by whoever goes round them all."""


def lacking(db: Db, now: datetime, among: Collection[str]) -> Sequence[str]:
    """Sessions that are over and have no record: those that ended within JUST_OVER, and those `among`."""
    over = IS_OVER, ~exists().where(RecordRow.session_id == SessionRow.id)
    new = select(SessionRow.id).where(*over, SessionRow.ended_at >= now - JUST_OVER)
    old = select(SessionRow.id).where(*over, SessionRow.id.in_(among))
    return sorted({*db.scalars(new.limit(AT_ONCE_MAX)), *db.scalars(old)})


def make_records(db: Db, core: Core, actor: Actor, among: Collection[str]) -> int:
    """Make the record of each of these sessions that is `lacking`; how many. One that cannot be read keeps no
    other."""
    without = (
        select(SessionRow.id, ExamRow.zone)
        .join(ExamRow, ExamRow.id == SessionRow.exam_id)
        .where(SessionRow.id.in_(among), ~exists().where(RecordRow.session_id == SessionRow.id))
        .order_by(SessionRow.id)
    )
    made = 0
    for session_id, zone in db.execute(without).all():
        with apart(db, session_id):
            due = record_until(_over_at(session_row(db, session_id)), zone)
            db.add(RecordRow(session_id=session_id, due_at=due, erased_at=None))
            enter(db, core.clock, actor, Action.RECORD_MAKE, session_id, due_at=iso(due))
            made += 1
    return made


def left_of(db: Db, session_id: str) -> Standing:
    """What is left of a session that is over."""
    session = session_row(db, session_id)
    exam = db.get_one(ExamRow, session.exam_id).model()
    over_at = _over_at(session)
    record = db.get(RecordRow, session_id)
    units = list(db.scalars(select(UnitRow).where(UnitRow.session_id == session_id)))
    left = [unit.due_at for unit in units if unit.state not in KEYLESS_VALUES]
    held, decided = db.execute(select(*_keeping(session_id))).one()
    never = due_at(exam.regulation, over_at, exam.results_published_at)
    return Standing(
        footage_left=bool(left),
        held=held,
        decided=decided,
        footage_due=max(left, default=over_at if units else never),
        record_until=record.due_at if record else record_until(over_at, exam.regulation.zone),
        record_erased_at=record.erased_at if record else None,
    )


def erase_words(db: Db, core: Core, actor: Actor, session_id: str, now: datetime) -> int:
    """Erase what people wrote about a session if it is to go now, and its record; how many texts went."""
    session_row(db, session_id, lock=True)
    what = left_of(db, session_id)
    if not words_go(what, now):
        return 0
    if gone := words.erase(db, session_id):
        enter(db, core.clock, actor, Action.WORDS_ERASE, session_id, texts=gone)
    record = db.get(RecordRow, session_id)
    if record is not None and record.erased_at is None and record_goes(what, now):
        words.erase(db, session_id, RECORD)
        record.erased_at = core.clock()
        db.flush()
        enter(db, record.erased_at, actor, Action.RECORD_ERASE, session_id)
    return gone


def ended_records(db: Db, now: datetime) -> Sequence[str]:
    """Sessions whose record has come to its end, and is not erased."""
    ended = RecordRow.erased_at.is_(None), RecordRow.due_at <= now
    return db.scalars(select(RecordRow.session_id).where(*ended).limit(AT_ONCE_MAX)).all()


def due(db: Db, now: datetime, among: Collection[str]) -> Sequence[str]:
    """Of these sessions those that are over with nothing of the recording left, of which words or the record
    may go now; `erase_words` decides."""
    mine = SessionRow.id
    over = and_(
        IS_OVER,
        ~exists().where(UnitRow.session_id == mine, UnitRow.state.not_in(KEYLESS_VALUES)),
        ~exists().where(HoldRow.session_id == mine, HoldRow.released_at.is_(None)),
    )
    decided = exists().where(*_counts(IncidentRow.session_id == mine)) | exists().where(
        *_lodged(AppealRow.session_id == mine)
    )
    ended = exists().where(RecordRow.session_id == mine, RecordRow.due_at <= now)
    unended = exists().where(
        RecordRow.session_id == mine, RecordRow.due_at <= now, RecordRow.erased_at.is_(None)
    )
    written = words.is_any_left(mine) & (~decided | ended)
    return db.scalars(select(mine).where(mine.in_(among), over, written | unended).order_by(mine)).all()


def _over_at(session: SessionRow) -> datetime:
    """When it ended; its window closed before the worker noticed that nobody had come."""
    return min(session.ended_at or session.closes_at, session.closes_at)


def _counts(mine: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    """Incidents that count."""
    return mine, IncidentRow.state.in_([state.value for state in STANDING])


def _lodged(mine: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    """Appeals that were not withdrawn."""
    return mine, or_(AppealRow.outcome.is_(None), AppealRow.outcome != AppealOutcome.WITHDRAWN.value)


def _keeping(session_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Whether it is held, and whether a decision is in force."""
    held = exists().where(HoldRow.session_id == session_id, HoldRow.released_at.is_(None))
    counts = exists().where(*_counts(IncidentRow.session_id == session_id))
    return held, or_(counts, exists().where(*_lodged(AppealRow.session_id == session_id)))
