"""Rows of no session: exams, accounts, brakes, quarantines."""

from proctoring.custody.model import Action, Entry
from proctoring.exams.service import TOLD
from proctoring.proofs.model import Told, given

EXAMS, USERS, BRAKES, QUARANTINES = "exams", "users", "retention_brakes", "quarantines"
ACTIONS = frozenset(
    {
        Action.EXAM_CREATE,
        Action.EXAM_PUBLISH_RESULTS,
        Action.USER_ADD,
        Action.BRAKE_PULL,
        Action.BRAKE_RELEASE,
        Action.QUARANTINE_BEGIN,
        Action.LEDGER_RESTORED,
    }
)
"""All entries that tell of these rows."""


def fold(told: Told, entry: Entry) -> None:
    """What this entry tells of a row of no session."""
    at, detail = told.at(entry), entry.detail
    match entry.action:
        case Action.EXAM_CREATE:
            made = given(entry, *TOLD, max_days_without_results="max_days")
            told.tell(entry, EXAMS, str(detail["exam"]), created_at=at, results_published_at=None, **made)
        case Action.EXAM_PUBLISH_RESULTS:
            told.tell(entry, EXAMS, str(detail["exam"]), **given(entry, results_published_at="at"))
        case Action.USER_ADD:
            told.tell(entry, USERS, str(detail["user"]), created_at=at, **given(entry, "role"))
        case Action.BRAKE_PULL:
            told.tell(
                entry,
                BRAKES,
                str(detail["brake"]),
                pulled_at=at,
                released_at=None,
                released_by=None,
                **given(entry, "cause"),
            )
        case Action.BRAKE_RELEASE:
            told.tell(entry, BRAKES, str(detail["brake"]), released_at=at, released_by=entry.actor)
        case Action.QUARANTINE_BEGIN:
            heads = given(entry, "kept", "kept_root", "lost", "lost_root")
            told.tell(
                entry,
                QUARANTINES,
                str(detail["quarantine"]),
                begun_at=at,
                lifted_at=None,
                lifted_by=None,
                **heads,
            )
        case Action.LEDGER_RESTORED:
            heads = given(entry, "kept", "kept_root", "lost", "lost_root")
            told.tell(
                entry, QUARANTINES, str(detail["quarantine"]), lifted_at=at, lifted_by=entry.actor, **heads
            )
