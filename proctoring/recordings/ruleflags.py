"""Flags that a take raises by rule, by its end or what is missing in it: something to look at, no verdict."""

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.flags.model import Category, FlagSource, FlagState, Severity
from proctoring.flags.rows import FlagRow
from proctoring.flags.service import lengthen, raise_by_rule
from proctoring.recordings.model import EndCause

SHARING_ENDED = "Screen sharing ended"
NOT_STORABLE = "What the device sends cannot be stored"


def flag_end(db: Db, core: Core, session_id: str, at_ms: int, cause: EndCause) -> None:
    """Raise what a take that ended at `at_ms` for this cause is to be looked at for, if anything."""
    if cause is EndCause.SHARING_ENDED:
        raise_by_rule(
            db,
            core,
            session_id,
            at_ms=at_ms,
            category=Category.RECORDING_ENDED,
            severity=Severity.MINOR,
            note=SHARING_ENDED,
        )
    elif cause is EndCause.NOT_STORABLE:
        flag_not_storable(db, core, session_id, at_ms)


def flag_not_storable(db: Db, core: Core, session_id: str, at_ms: int) -> None:
    """Raise the flag once, however often the device tries again: while nobody has looked at it, it reaches
    from the first time to the last."""
    mine = FlagRow.session_id == session_id, FlagRow.source == FlagSource.RULE.value
    this = FlagRow.note == NOT_STORABLE, FlagRow.state == FlagState.OPEN.value
    flag_id = db.scalar(select(FlagRow.id).where(*mine, *this).limit(1))
    if flag_id is None:
        raise_by_rule(
            db,
            core,
            session_id,
            at_ms=at_ms,
            category=Category.TECHNICAL,
            severity=Severity.MINOR,
            note=NOT_STORABLE,
        )
    else:
        lengthen(db, core, flag_id, at_ms)
