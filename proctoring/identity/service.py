"""Images of the identity card are begun here, and a person's answer to them is written down."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.committed import commit
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.errors import Conflict, NotFound, WrongState
from proctoring.exams.service import load as load_exam
from proctoring.holds.due_dates import set_due_dates
from proctoring.holds.service import check_not_restricted
from proctoring.identity.model import IMAGES_MAX, Check, IdentityCopy, check_answer
from proctoring.identity.rows import IdentityCheckRow
from proctoring.recordings.rows import TakeRow
from proctoring.recordings.service import BegunTake, open_take
from proctoring.sessions.model import SessionState
from proctoring.sessions.service import session_row
from proctoring.units.model import UnitKind, UnitState
from proctoring.units.rows import UnitRow

MEDIA_TYPE = "image/jpeg"


def begin_image(db: Db, core: Core, session_id: str, at_unix_ms: int) -> BegunTake:
    """Open a take for one image; it starts no time line and admits nobody.

    Raises NotFound when the exam takes no copy, WrongState before the notice and after the end, Conflict when
    IMAGES_MAX were sent.
    """
    row = session_row(db, session_id, lock=True)
    if row.state not in (SessionState.ADMITTED.value, SessionState.RECORDING.value):
        raise WrongState(
            f"The session is {row.state}; the identity card is shown before the exam.",
            "Open your invitation again.",
        )
    unit = _unit(db, session_id)
    if unit is None:
        raise NotFound("This exam takes no copy of an identity card.", "Go on without it.")
    sent = db.scalar(select(func.count()).select_from(TakeRow).where(TakeRow.unit_id == unit.id)) or 0
    if sent >= IMAGES_MAX:
        raise Conflict(f"{IMAGES_MAX} images were sent already.", "Go on; a person looks at them.")
    return open_take(db, core, row, unit, MEDIA_TYPE, at_unix_ms)


def of_session(db: Db, session_id: str) -> IdentityCopy | None:
    """The copy and what was found; None when the exam takes none, or nobody was admitted yet."""
    unit = _unit(db, session_id)
    if unit is None:
        return None
    answer = db.get(IdentityCheckRow, session_id)
    return IdentityCopy(
        unit.id, UnitState(unit.state), unit.manifest_size, unit.due_at, answer.model() if answer else None
    )


def answer(db: Db, core: Core, actor: Actor, session_id: str, confirmed: bool, reason: str) -> Check:
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
        copy.unit_id,
        state=said,
        checked_at=iso(row.checked_at),
        **commit(row, "reason"),
    )
    set_due_dates(db, load_exam(db, session.exam_id), session_id)
    return row.model()


def _unit(db: Db, session_id: str) -> UnitRow | None:
    return db.scalar(
        select(UnitRow).where(UnitRow.session_id == session_id, UnitRow.kind == UnitKind.IDENTITY.value)
    )
