"""A person's answer to the question who sat the exam, written down."""

from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.committed import commit
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.errors import Conflict, NotFound
from proctoring.exams.service import load as load_exam
from proctoring.holds.service import check_not_restricted
from proctoring.identity.model import IdentityCheck, check_answer
from proctoring.identity.rows import IdentityCheckRow
from proctoring.identity.service import of_session
from proctoring.incidents.notified import notified_at
from proctoring.recordings.due_dates import set_due_dates
from proctoring.sessions.service import session_row


def answer(
    db: Db, core: Core, actor: Actor, session_id: str, *, confirmed: bool, reason: str
) -> IdentityCheck:
    """Write down whether the recording shows the person of the card; a later answer takes its place.

    Raises NotFound, Conflict when there is nothing to compare with, Invalid for a no without reason, Denied
    while the session is restricted.
    """
    session = session_row(db, session_id, lock=True)
    check_not_restricted(db, session_id)
    copy = of_session(db, session_id)
    if copy is None:
        raise NotFound("This exam takes no copy of an identity card.", "Decide by what was recorded.")
    if not copy.images or not copy.exists:
        raise Conflict("There is no image of a card to compare with.", "Decide by what was recorded.")
    row = db.get(IdentityCheckRow, session_id) or IdentityCheckRow(session_id=session_id)
    row.confirmed, row.reason = confirmed, check_answer(confirmed, reason)
    row.checked_by, row.checked_at = actor.id, core.clock()
    db.add(row)
    db.flush()
    said = "confirmed" if confirmed else "not-confirmed"
    enter(
        db,
        row.checked_at,
        actor,
        Action.IDENTITY_CHECK,
        session_id,
        unit_id=copy.unit_id,
        state=said,
        checked_at=iso(row.checked_at),
        **commit(row, "reason"),
    )
    set_due_dates(db, load_exam(db, session.exam_id), session_id, notified_at(db, session_id))
    return row.model()
