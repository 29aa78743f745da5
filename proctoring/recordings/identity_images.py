"""Images of an identity card: each is a take of the identity unit."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.errors import Conflict, NotFound, WrongState
from proctoring.identity.model import IMAGES_MAX
from proctoring.identity.service import unit_of
from proctoring.recordings.rows import TakeRow
from proctoring.recordings.service import BegunTake, open_take
from proctoring.sessions.model import SessionState
from proctoring.sessions.service import session_row

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
    unit = unit_of(db, session_id)
    if unit is None:
        raise NotFound("This exam takes no copy of an identity card.", "Go on without it.")
    sent = db.scalar(select(func.count()).select_from(TakeRow).where(TakeRow.unit_id == unit.id)) or 0
    if sent >= IMAGES_MAX:
        raise Conflict(f"{IMAGES_MAX} images were sent already.", "Go on; a person looks at them.")
    return open_take(db, core, row, unit, media_type=MEDIA_TYPE, start_unix_ms=at_unix_ms)
