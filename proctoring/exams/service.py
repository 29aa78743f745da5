"""Exams as they are set up."""

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.committed import commit, plain
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.errors import NotFound
from proctoring.exams.model import (
    CaptureProfile,
    Exam,
    Regulation,
    check_legal_ground,
    check_title,
)
from proctoring.exams.rows import ExamRow

LEGAL_GROUND_DEFAULT = "legitimate-interest"
TOLD = (
    "objection_days",
    "count_from",
    "zone",
    "streams",
    "identity_copy",
    "activity_log",
    "answers_log",
    "signals",
)
"""The columns that the ledger tells in clear when an exam is made."""


def create(
    db: Db,
    core: Core,
    actor: Actor,
    title: str,
    *,
    regulation: Regulation,
    profile: CaptureProfile,
    legal_ground: str = LEGAL_GROUND_DEFAULT,
) -> Exam:
    """A new exam. Raises Invalid for a title, legal ground, regulation or profile that cannot
    be."""
    title, legal_ground = check_title(title), check_legal_ground(legal_ground)
    exam = Exam(core.new_id(), title, regulation, profile, legal_ground, core.clock())
    row = ExamRow(
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
    db.add(row)
    db.flush()
    told = {column: plain(getattr(row, column)) for column in TOLD}
    words = commit(row, "title", "legal_ground")
    told |= {"exam": exam.id, "max_days": regulation.max_days_without_results}
    enter(db, row.created_at, actor, Action.EXAM_CREATE, None, unit_id=None, **told, **words)
    return exam


def load(db: Db, exam_id: str) -> Exam:
    """Raises NotFound."""
    return exam_row(db, exam_id).model()


def list_exams(db: Db) -> list[Exam]:
    """All exams, the newest first."""
    return [row.model() for row in db.scalars(select(ExamRow).order_by(ExamRow.created_at.desc()))]


def exam_row(db: Db, exam_id: str, lock: bool = False) -> ExamRow:
    """The exam's row, locked if asked for. Raises NotFound."""
    row = db.get(ExamRow, exam_id, with_for_update=lock or None)
    if row is None:
        raise NotFound(f"There is no exam {exam_id}.", "List them with `proctoring exam list`.")
    return row
