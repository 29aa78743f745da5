"""Flags raised by people: on the session's time line, as long as it is now."""

from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import Actor
from proctoring.flags import service as flags
from proctoring.flags.model import Category, Flag, Severity
from proctoring.recordings.length import length_ms


def add_flag(
    db: Db,
    core: Core,
    actor: Actor,
    session_id: str,
    *,
    start_ms: int,
    end_ms: int,
    category: Category,
    severity: Severity,
    note: str,
) -> Flag:
    """Raise a flag, as `flags.service.add`, which says what it raises."""
    now_ms = length_ms(db, session_id, core.clock())
    return flags.add(
        db,
        core,
        actor,
        session_id,
        start_ms=start_ms,
        end_ms=end_ms,
        category=category,
        severity=severity,
        note=note,
        session_ms=now_ms,
    )
