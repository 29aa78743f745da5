"""Results of an exam, published: from then on the objection period of its sessions is counted."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.exams.model import Exam, check_published
from proctoring.exams.service import exam_row, load
from proctoring.holds.due_dates import due_dates, set_due_dates


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
    set_due_dates(db, row.model())
    return row.model()


def preview_results(db: Db, core: Core, exam_id: str, at: datetime | None = None) -> dict[datetime, int]:
    """When how many sessions with evidence would fall due, were the results published at `at`. Raises as
    `publish_results`."""
    exam, now = load(db, exam_id), core.clock()
    check_published(exam, at or now, now)
    return due_dates(db, replace(exam, results_published_at=at or now))
