"""Fate of people's words and of the exam records in a pass of the retention worker, session by session.

Reports for each what `records.service.erase_words` decides; writes nothing. A session that only the pass
itself would end is reported as not over, as its recording is.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.proofs.check import check_sessions, read_house
from proctoring.records import words
from proctoring.records.model import Standing, record_goes, words_go, words_until
from proctoring.records.rows import RecordRow
from proctoring.records.service import left_of
from proctoring.sessions.model import OVER_VALUES
from proctoring.sessions.rows import SessionRow
from proctoring.sessions.service import session_row
from proctoring.tolerant import UNREADABLE
from retention.plan import Fate


class Written(StrEnum):
    WORDS = "words"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """`texts`: how many there are; 0 of a record. `failure`: why it would not go although it is to."""

    session_id: str
    ref: str
    what: Written
    texts: int
    due_at: datetime | None
    fate: Fate
    why: str
    failure: str | None = None


def words_fate(left: Standing, now: datetime) -> tuple[Fate, str]:
    """Of what people wrote, by `records.model`."""
    beside = "the exam record" if left.decided else "the recording"
    return _fate(words_until(left), words_go(left, now), left, now, f", with {beside}")


def record_fate(left: Standing, now: datetime) -> tuple[Fate, str]:
    """Of the record, by `records.model`."""
    until = None if left.held else left.record_until
    return _fate(until, record_goes(left, now), left, now)


def written(db: Db, now: datetime, staying: Collection[str], brake: str | None) -> Iterator[WrittenLine]:
    """The oldest session first. `staying`: sessions of whose recording something would be left. `brake`: why
    nothing is erased, if so. A session whose rows cannot be read is left out: it would be stopped."""
    house = read_house(db)
    over, recorded = SessionRow.state.in_(OVER_VALUES), RecordRow.session_id
    query = (
        select(SessionRow.id, RecordRow.erased_at.is_(None))
        .outerjoin(RecordRow, recorded == SessionRow.id)
        .where(or_(SessionRow.id.in_(words.sessions_with_words()), over & RecordRow.erased_at.is_(None)))
        .order_by(SessionRow.created_at, SessionRow.id)
    )
    for session_id, has_record in db.execute(query).all():
        try:
            lines = list(_of(db, session_row(db, session_id), session_id in staying, has_record, now))
        except UNREADABLE:
            continue
        going = any(line.fate is Fate.GOES for line in lines)
        failure = brake if going else None
        if going and not brake:
            faults = [
                one for checked in check_sessions(db, house, [session_id]) for one in checked.compared.faults
            ]
            failure = f"stopped: {faults[0]}" if faults else None
        for line in lines:
            yield replace(line, failure=failure) if line.fate is Fate.GOES else line


def _of(db: Db, session: SessionRow, staying: bool, has_record: bool, now: datetime) -> Iterator[WrittenLine]:
    left = replace(left_of(db, session.id), footage_left=staying)
    is_over = session.state in OVER_VALUES
    if texts := words.count(db, session.id):
        fate, why = words_fate(left, now) if is_over else (Fate.STAYS, "the session is not over")
        due = words_until(left) if is_over else None
        yield WrittenLine(session.id, session.ref, Written.WORDS, texts, due, fate, why)
    if is_over and has_record:
        fate, why = record_fate(left, now)
        yield WrittenLine(session.id, session.ref, Written.RECORD, 0, left.record_until, fate, why)


def _fate(
    until: datetime | None, goes: bool, left: Standing, now: datetime, beside: str = ""
) -> tuple[Fate, str]:
    if until is None:
        return Fate.STAYS, "held"
    if goes:
        return Fate.GOES, f"due since {iso(until)}{beside}"
    if left.footage_left and now >= until:
        return Fate.STAYS, "its recording is still there"
    return Fate.STAYS, f"due {iso(until)}{beside}"
