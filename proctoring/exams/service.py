"""Exams: set up, and their results published."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.errors import Conflict, Invalid, NotFound
from proctoring.exams.model import CaptureProfile, Exam, Regulation, check_legal_ground, check_title
from proctoring.exams.rows import ExamRow
from proctoring.holds.service import set_due_dates

LEGAL_GROUND_DEFAULT = "legitimate-interest"


def create(
    db: Db,
    core: Core,
    actor: Actor,
    title: str,
    regulation: Regulation,
    profile: CaptureProfile,
    legal_ground: str = LEGAL_GROUND_DEFAULT,
) -> Exam:
    """A new exam. Raises Invalid for a title, legal ground, regulation or profile that cannot
    be."""
    title, legal_ground = check_title(title), check_legal_ground(legal_ground)
    exam = Exam(core.new_id(), title, regulation, profile, legal_ground, core.clock())
    db.add(
        ExamRow(
            id=exam.id,
            title=exam.title,
            objection_days=regulation.objection_days,
            count_from=regulation.count_from.value,
            zone=regulation.zone,
            max_days_without_results=regulation.max_days_without_results,
            streams=",".join(stream.value for stream in profile.streams),
            identity_copy=profile.identity_copy,
            activity_log=profile.activity_log,
            answers_log=profile.answers_log,
            signals=profile.signals,
            legal_ground=legal_ground,
            created_at=exam.created_at,
            results_published_at=None,
        )
    )
    db.flush()
    enter(
        db,
        core.clock,
        actor,
        Action.EXAM_CREATE,
        exam=exam.id,
        objection_days=regulation.objection_days,
        count_from=regulation.count_from.value,
        zone=regulation.zone,
        max_days=regulation.max_days_without_results,
    )
    return exam


def load(db: Db, exam_id: str) -> Exam:
    """Raises NotFound."""
    return _row(db, exam_id).model()


def list_exams(db: Db) -> list[Exam]:
    """All exams, the newest first."""
    return [row.model() for row in db.scalars(select(ExamRow).order_by(ExamRow.created_at.desc()))]


def publish_results(db: Db, core: Core, actor: Actor, exam_id: str, at: datetime) -> Exam:
    """Start the objection period at `at` for every session of the exam that has ended.

    Publishing again may only shorten the period; to keep evidence longer, place a hold.
    """
    row = _row(db, exam_id, lock=True)
    longest = timedelta(days=row.max_days_without_results)
    if at > core.clock() + longest:
        raise Invalid(
            f"{iso(at)} is further away than recordings may be kept without results.",
            f"Give a date within {row.max_days_without_results} days from now.",
        )
    if row.results_published_at is not None and at > row.results_published_at:
        raise Conflict(
            f"The results were published at {iso(row.results_published_at)}; later would keep films longer.",
            "Give that date or an earlier one, or place a hold with its reason.",
        )
    row.results_published_at = at
    db.flush()
    enter(db, core.clock, actor, Action.EXAM_PUBLISH_RESULTS, exam=exam_id, at=iso(at))
    set_due_dates(db, row.model())
    return row.model()


def _row(db: Db, exam_id: str, lock: bool = False) -> ExamRow:
    row = db.get(ExamRow, exam_id, with_for_update=lock or None)
    if row is None:
        raise NotFound(f"There is no exam {exam_id}.", "List them with `proctoring exam list`.")
    return row
