"""Place of a segment on its stream's time line, and the gaps that it closes, fills or leaves."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.recordings import gaps
from proctoring.recordings.leaves import SealedSegment, placed, since_ms
from proctoring.recordings.model import IN_VAIN, EndCause
from proctoring.recordings.rows import TakeRow
from proctoring.recordings.spans import EVER_MS, Span
from proctoring.units.model import UnitKind


def place(db: Db, core: Core, take: TakeRow, segment: SealedSegment, started: datetime | None) -> Span:
    """The segment's span on the time line. Closes, fills or leaves gaps accordingly, and the take grows."""
    kind, first = UnitKind(take.stream), is_first(segment.seq, take)
    if not kind.is_stream:
        start_ms = since_ms(started, segment.start_unix_ms)
        span = Span(start_ms, start_ms + segment.duration_ms)
    elif take.late:
        span = placed(started, segment, after_ms=0)
        gaps.fill(db, core, take.unit_id, span.start_ms, span.end_ms)
    else:
        after_ms = _earlier_end_ms(db, take) if first else take.end_ms
        next_ms = _next_start_ms(db, take)
        span = placed(started, segment, after_ms, EVER_MS if next_ms is None else next_ms)
        if next_ms is not None:
            gaps.carve(db, core, take.unit_id, span.start_ms, span.end_ms)
        elif first:
            gaps.close(db, take.unit_id, span.start_ms)
        if not first and not (next_ms and gaps.known(db, take.unit_id, take.end_ms, span.start_ms)):
            gaps.between(db, core, take.unit_id, kind, end_ms=take.end_ms, start_ms=span.start_ms)
    if first:
        take.start_ms = span.start_ms
    take.end_ms = span.end_ms if first else max(take.end_ms, span.end_ms)
    return span


def is_first(seq: int, take: TakeRow | SqlRow[*tuple[Any, ...]]) -> bool:
    """Whether nothing was registered of the take before this segment: it is the first, or the stream's first
    one was damaged and set aside."""
    return seq == 0 or (take.start_ms == take.end_ms and UnitKind(take.stream).is_stream)


def begin_gap(db: Db, core: Core, take: TakeRow, cause: EndCause) -> None:
    """The take has ended: its stream has a gap from there, unless another take of it goes on."""
    end_ms = take.end_ms
    if take.end_ms == take.start_ms:  # of this take nothing is stored: the stream ended with an earlier one
        running = TakeRow.unit_id == take.unit_id, TakeRow.ended_at.is_(None), TakeRow.late.is_(False)
        if db.scalar(select(TakeRow.id).where(*running, TakeRow.number < take.number).limit(1)) is not None:
            return
        end_ms = max(end_ms, _earlier_end_ms(db, take))
        gaps.begin(db, core, take.unit_id, end_ms, cause)
        if cause in IN_VAIN:
            gaps.explain(
                db, core, take.unit_id, start_ms=max(take.start_ms, end_ms), end_ms=EVER_MS, cause=cause
            )
        return
    gaps.begin(db, core, take.unit_id, end_ms, cause)


def _earlier_end_ms(db: Db, take: TakeRow) -> int:
    """Where what is registered of the stream's earlier takes ends; 0 when nothing is."""
    stored = TakeRow.number < take.number, TakeRow.end_ms > TakeRow.start_ms
    ends = select(func.max(TakeRow.end_ms)).where(TakeRow.unit_id == take.unit_id, TakeRow.late.is_(False))
    return db.scalar(ends.where(*stored)) or 0


def _next_start_ms(db: Db, take: TakeRow) -> int | None:
    """Where a later take begins of which something, recorded by another process, was registered first: a gap
    that lasts is then after that one."""
    stored = TakeRow.number > take.number, TakeRow.end_ms > TakeRow.start_ms
    starts = select(func.min(TakeRow.start_ms)).where(
        TakeRow.unit_id == take.unit_id, TakeRow.late.is_(False)
    )
    return db.scalar(starts.where(*stored))
