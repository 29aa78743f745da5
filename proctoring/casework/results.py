"""Results of an exam, published: from then on the objection period of its sessions is counted."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.apart import apart
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.exams.model import Exam, check_published
from proctoring.exams.service import exam_row, load
from proctoring.incidents.notified import NOTIFIED_AT, notified_at
from proctoring.recordings.due_dates import set_due_dates
from proctoring.sessions.model import OVER_VALUES
from proctoring.sessions.rows import SessionRow
from proctoring.units.due import due_at
from proctoring.units.model import LIVING_VALUES
from proctoring.units.rows import UnitRow


def publish_results(db: Db, core: Core, actor: Actor, exam_id: str, at: datetime | None = None) -> Exam:
    """Start the objection period at `at`, or now, for every session of the exam that has ended.

    Publishing again may only shorten the period; to keep evidence longer, place a hold. Raises NotFound, and
    as `check_published`.
    """
    row = exam_row(db, exam_id, lock=True)
    now = core.clock()
    check_published(row.model(), at or now, now)
    row.results_published_at = at or now
    db.flush()
    enter(db, core.clock, actor, Action.EXAM_PUBLISH_RESULTS, exam=exam_id, at=iso(row.results_published_at))
    set_all_due_dates(db, row.model())
    return row.model()


def preview_results(db: Db, core: Core, exam_id: str, at: datetime | None = None) -> dict[datetime, int]:
    """When how many sessions with evidence would fall due, were the results published at `at`. Raises as
    `publish_results`."""
    exam, now = load(db, exam_id), core.clock()
    check_published(exam, at or now, now)
    return _due_dates(db, replace(exam, results_published_at=at or now))


def set_all_due_dates(db: Db, exam: Exam) -> None:
    """Recalculate the due dates of all ended sessions of the exam (`recordings.due_dates`).

    Their rows are locked here. A session that is being ended at this moment ends first, and is among them. An
    unreadable one is left as it is; the retention worker then finds it.
    """
    of_exam = SessionRow.exam_id == exam.id
    db.execute(select(SessionRow.id).where(of_exam).order_by(SessionRow.id).with_for_update())
    ended = select(SessionRow.id).where(of_exam, SessionRow.state.in_(OVER_VALUES))
    for session_id in db.scalars(ended.order_by(SessionRow.id)).all():
        with apart(db, session_id):
            set_due_dates(db, exam, session_id, notified_at(db, session_id))


def _due_dates(db: Db, exam: Exam) -> dict[datetime, int]:
    """How many of the exam's ended sessions with living evidence are due when, the earliest first."""
    living = select(UnitRow.id).where(UnitRow.session_id == SessionRow.id, UnitRow.state.in_(LIVING_VALUES))
    ended = select(SessionRow.ended_at, NOTIFIED_AT).where(
        SessionRow.exam_id == exam.id, SessionRow.state.in_(OVER_VALUES), living.exists()
    )
    found = (
        due_at(exam.regulation, at, exam.results_published_at, told) for at, told in db.execute(ended) if at
    )
    return dict(sorted(Counter(found).items()))
