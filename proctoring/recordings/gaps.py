"""The gaps of a stream as they are recorded, closed, and filled by what arrives late.

A gap of part ALL is a stretch without a segment; only those last, close and are filled. A gap of one part is
a fact about stored segments (`recordings.absences`) and stays as it is.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.errors import WrongState
from proctoring.recordings.model import BEGIN_SLACK_MS, GAP_MS_MIN, EndCause, GapPart, gap_reason
from proctoring.recordings.rows import GapRow, SegmentRow, TakeRow
from proctoring.recordings.spans import EVER_MS, Span, without
from proctoring.units.model import UnitKind
from proctoring.units.rows import UnitRow


def add(
    db: Db,
    core: Core,
    unit_id: str,
    *,
    start_ms: int,
    end_ms: int | None,
    cause: EndCause,
    part: GapPart = GapPart.ALL,
) -> None:
    """Record a gap; it lasts while `end_ms` is None."""
    db.add(
        GapRow(
            id=core.new_id(),
            unit_id=unit_id,
            start_ms=start_ms,
            end_ms=end_ms,
            reason=gap_reason(cause).value,
            cause=cause.value,
            part=part.value,
        )
    )


def between(db: Db, core: Core, unit_id: str, kind: UnitKind, *, end_ms: int, start_ms: int) -> None:
    """Within a take a segment begins at `start_ms` where the one before ended at `end_ms`: what is missing of
    a stream is a gap. A log has none."""
    if kind.is_stream and start_ms - end_ms >= GAP_MS_MIN:
        add(db, core, unit_id, start_ms=end_ms, end_ms=start_ms, cause=EndCause.CONNECTION_LOST)


def explain(db: Db, core: Core, unit_id: str, *, start_ms: int, end_ms: int, cause: EndCause) -> None:
    """From `start_ms` on, a gap that reaches into this stretch has this cause. Where there is no gap,
    there is nothing to explain."""
    rows = db.scalars(select(GapRow).where(*_whole(unit_id), GapRow.start_ms < end_ms)).all()
    for row in rows:
        if _end(row) <= start_ms:
            continue
        if start_ms - row.start_ms >= GAP_MS_MIN:
            add(db, core, unit_id, start_ms=start_ms, end_ms=row.end_ms, cause=cause)
            row.end_ms = start_ms
        else:
            row.cause, row.reason = cause.value, gap_reason(cause).value
    db.flush()


def begin(db: Db, core: Core, unit_id: str, end_ms: int, cause: EndCause) -> None:
    """A take ended here: a gap up to what follows, of a take that another process recorded; it lasts when
    nothing does yet. None where one is known already."""
    follows = select(func.min(SegmentRow.start_ms)).where(
        SegmentRow.unit_id == unit_id, SegmentRow.start_ms >= end_ms
    )
    next_ms = db.scalar(follows)
    if next_ms is not None and next_ms - end_ms < GAP_MS_MIN:
        return
    if not known(db, unit_id, end_ms, next_ms):
        add(db, core, unit_id, start_ms=end_ms, end_ms=next_ms, cause=cause)


def known(db: Db, unit_id: str, start_ms: int, end_ms: int | None) -> bool:
    """Whether a gap is on record already within this stretch; without its end, whether one lasts."""
    there: ColumnElement[bool] = GapRow.end_ms.is_(None)
    if end_ms is not None:
        there = and_(GapRow.start_ms < end_ms, or_(there, GapRow.end_ms > start_ms))
    return db.scalar(select(GapRow.id).where(*_whole(unit_id), there).limit(1)) is not None


def close(db: Db, unit_id: str, at_ms: int) -> None:
    """The stream is there again, and nothing later is stored: every gap ends here at the latest. Streams that
    began together, one after another, leave none, and neither does a take that goes on where the one before
    ended."""
    further = or_(GapRow.end_ms.is_(None), GapRow.end_ms > at_ms)
    for row in db.scalars(select(GapRow).where(*_whole(unit_id), further)).all():
        missing_ms = at_ms - row.start_ms
        together = row.cause == EndCause.NOT_BEGUN.value and missing_ms < BEGIN_SLACK_MS
        if together or missing_ms < GAP_MS_MIN:
            db.delete(row)
        else:
            row.end_ms = at_ms
    db.flush()


def unstorable(db: Db, session_ids: Collection[str]) -> set[tuple[str, str]]:
    """The streams of these sessions whose present media, or pictures, cannot be stored, each with its
    session. Such a stream has an open gap with that cause, which starts at the end of the last segment."""
    these = UnitRow.session_id.in_(session_ids), GapRow.cause == EndCause.NOT_STORABLE.value
    stored = select(func.max(TakeRow.end_ms)).where(TakeRow.unit_id == UnitRow.id, TakeRow.late.is_(False))
    found = select(UnitRow.session_id, UnitRow.kind, GapRow.end_ms, stored.scalar_subquery()).join(
        GapRow, GapRow.unit_id == UnitRow.id
    )
    return {
        (session_id, kind)
        for session_id, kind, end_ms, stored_ms in db.execute(found.where(*these))
        if end_ms is None or end_ms >= stored_ms
    }


def fill(db: Db, core: Core, unit_id: str, start_ms: int, end_ms: int) -> None:
    """A late segment takes its place: its gap becomes shorter, is split in two, or disappears.

    Raises WrongState where nothing is missing: no instant has two segments.
    """
    rows = db.scalars(select(GapRow).where(*_whole(unit_id), GapRow.start_ms < end_ms))
    gap = next((row for row in rows if row.start_ms <= start_ms and end_ms <= _end(row)), None)
    if gap is None:
        raise WrongState("Nothing is missing there.", "Ask what is missing, and send that.")
    _shorten(db, core, gap, Span(start_ms, end_ms))


def carve(db: Db, core: Core, unit_id: str, start_ms: int, end_ms: int) -> None:
    """A live segment is registered after its successor: no gap remains in its place, whatever was assumed
    before."""
    rows = db.scalars(select(GapRow).where(*_whole(unit_id), GapRow.start_ms < end_ms)).all()
    for row in rows:
        if _end(row) > start_ms:
            _shorten(db, core, row, Span(start_ms, end_ms))


def _shorten(db: Db, core: Core, gap: GapRow, filled: Span) -> None:
    for rest in without(Span(gap.start_ms, _end(gap)), filled):
        add(
            db,
            core,
            gap.unit_id,
            start_ms=rest.start_ms,
            end_ms=_or_lasting(rest.end_ms),
            cause=EndCause(gap.cause),
        )
    db.execute(delete(GapRow).where(GapRow.id == gap.id))
    db.flush()


def _whole(unit_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return GapRow.unit_id == unit_id, GapRow.part == GapPart.ALL.value


def _end(row: GapRow) -> int:
    return EVER_MS if row.end_ms is None else row.end_ms


def _or_lasting(end_ms: int) -> int | None:
    return None if end_ms == EVER_MS else end_ms
