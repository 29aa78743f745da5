"""Picture or sound missing in stored segments: gaps of one part, each as long as it lasted.

Also the reason why nothing is stored before a segment, where the connection was not lost. A microphone that
is silent for two hours is reported by each of 1,800 segments, and is one gap.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.recordings import gaps
from proctoring.recordings.leaves import Absence, longest, moved_ms
from proctoring.recordings.model import GAP_MS_MIN, EndCause, GapPart
from proctoring.recordings.rows import GapRow
from proctoring.recordings.ruleflags import flag_not_storable
from proctoring.recordings.spans import Span


def record(
    db: Db,
    core: Core,
    session_id: str,
    unit_id: str,
    *,
    started: datetime | None,
    absences: tuple[Absence, ...],
    place: Span,
) -> None:
    """Record what is missing in a segment at `place`, as far as it is within it. An absence that continues
    the last gap of the same part and cause lengthens that one. An absence of all is the cause of the gap
    before the segment."""
    for absence in longest(absences):
        if absence.part is GapPart.ALL:
            _explain(db, core, session_id, unit_id, started=started, absence=absence, place=place)
            continue
        missing = Span(
            moved_ms(started, absence.start_unix_ms), moved_ms(started, absence.end_unix_ms)
        ).within(place)
        if missing.length_ms <= 0:
            continue
        before = _just_before(db, unit_id, absence, missing.start_ms)
        if before is not None:
            before.end_ms = missing.end_ms
        else:
            gaps.add(
                db,
                core,
                unit_id,
                start_ms=missing.start_ms,
                end_ms=missing.end_ms,
                cause=absence.cause,
                part=GapPart(absence.part),
            )
            if absence.cause is EndCause.NOT_STORABLE:
                flag_not_storable(db, core, session_id, missing.start_ms)
        db.flush()


def _explain(
    db: Db,
    core: Core,
    session_id: str,
    unit_id: str,
    *,
    started: datetime | None,
    absence: Absence,
    place: Span,
) -> None:
    since_ms = max(0, moved_ms(started, absence.start_unix_ms))
    if since_ms >= place.start_ms:
        return
    gaps.explain(db, core, unit_id, start_ms=since_ms, end_ms=place.start_ms, cause=absence.cause)
    if absence.cause is EndCause.NOT_STORABLE:
        flag_not_storable(db, core, session_id, since_ms)


def _just_before(db: Db, unit_id: str, absence: Absence, start_ms: int) -> GapRow | None:
    same = GapRow.unit_id == unit_id, GapRow.part == absence.part, GapRow.cause == absence.cause.value
    near = GapRow.end_ms > start_ms - GAP_MS_MIN, GapRow.end_ms <= start_ms
    return db.scalar(select(GapRow).where(*same, *near).order_by(GapRow.end_ms.desc()).limit(1))
