"""Sitting of a session: who sat which exam, when and for how long. Many are read in as few queries as one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.exams.rows import ExamRow
from proctoring.recordings.length import lengths_ms
from proctoring.sessions.model import SessionState
from proctoring.sessions.rows import SessionRow
from proctoring.sessions.service import unknown_session


@dataclass(frozen=True, slots=True)
class Sitting:
    """`duration_ms` is the length of the time line; `zone` the exam's; `signals`: whether it asks for
    them."""

    session_id: str
    ref: str
    exam_title: str
    zone: str
    state: SessionState
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: int
    signals: bool


def sitting(db: Db, session_id: str, now: datetime | None = None) -> Sitting:
    """Of one session: as long as it is `now` where it records, else as what is stored. Raises NotFound."""
    found = sittings(db, [session_id], now)
    if session_id not in found:
        raise unknown_session(session_id)
    return found[session_id]


def sittings(db: Db, session_ids: Collection[str], now: datetime | None = None) -> dict[str, Sitting]:
    """Of several sessions, by their ids; of those that there are."""
    query = select(SessionRow, ExamRow).join(ExamRow, ExamRow.id == SessionRow.exam_id)
    found = db.execute(query.where(SessionRow.id.in_(session_ids))).all()
    lengths = lengths_ms(db, session_ids, now) if found else {}
    return {
        row.id: Sitting(
            row.id,
            row.ref,
            exam.title,
            exam.zone,
            SessionState(row.state),
            row.started_at,
            row.ended_at,
            lengths[row.id],
            exam.signals,
        )
        for row, exam in found
    }
