"""Registers the leaves of many streams in one transaction and a handful of statements.

Only ordinary leaves are registered here. While many streams record there are hundreds of them each second. An
ordinary leaf is not late and belongs to an open unit. Its number is above all that is registered of its take.
It is not the first of a take that follows another, nor registered after something of a later take. Others go
through `proctoring.recordings.service`, whose rules these leaves keep.

A leaf after a gap is ordinary, since on a bad network there are many. The first of a stream is, since an exam
begins for everyone in the same minute.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, bindparam, exists, insert, select, update
from sqlalchemy.orm import Session as Db
from sqlalchemy.orm import aliased

from proctoring.core import Core
from proctoring.errors import Contended
from proctoring.recordings import absences, gaps
from proctoring.recordings.leaves import SealedSegment, columns, leaf_of, placed, since_ms
from proctoring.recordings.placing import is_first
from proctoring.recordings.rows import SegmentRow, TakeRow
from proctoring.recordings.spans import Span
from proctoring.sessions.rows import SessionRow
from proctoring.units.model import UnitKind, UnitState
from proctoring.units.rows import UnitRow

_GROW = (
    update(UnitRow.__table__)  # type: ignore[arg-type]
    .where(
        UnitRow.id == bindparam("unit"),
        UnitRow.manifest_size == bindparam("before"),
        UnitRow.state == UnitState.OPEN.value,
    )
    .values(manifest_size=bindparam("after"), manifest_head=bindparam("head"), unsigned=True)
)
_LENGTHEN = (
    update(TakeRow.__table__)  # type: ignore[arg-type]
    .where(TakeRow.id == bindparam("take"))
    .values(start_ms=bindparam("start"), end_ms=bindparam("end"), last_seq=bindparam("seq"))
)
_another = aliased(TakeRow)
_FOLLOWS = exists().where(
    _another.unit_id == TakeRow.unit_id, _another.id != TakeRow.id, _another.late.is_(False)
)
_FOLLOWED = exists().where(
    _another.unit_id == TakeRow.unit_id,
    _another.number > TakeRow.number,
    _another.late.is_(False),
    _another.end_ms > _another.start_ms,
)


def ordinary(db: Db, segments: Mapping[str, SealedSegment]) -> set[str]:
    """Of these segments, by the id of their take, one for each unit: the takes whose one is ordinary."""
    return {row.id for row in _rows(db, segments, lock=False)}


def register_all(db: Db, core: Core, segments: Mapping[str, SealedSegment]) -> None:
    """Appends these segments' leaves, each to its unit's manifest.

    Raises Contended, and nothing is changed, when one of them is not `ordinary`.
    """
    rows = _rows(db, segments, lock=True)
    if len(rows) != len(segments):
        raise _changed()
    leaves, grown, lengthened = [], [], []
    for row in rows:
        segment = segments[row.id]
        kind, first = UnitKind(row.stream), is_first(segment.seq, row)
        if kind.is_stream:
            place = placed(row.started_at, segment, after_ms=0 if first else row.end_ms)
        else:
            start_ms = since_ms(row.started_at, segment.start_unix_ms)
            place = Span(start_ms, start_ms + segment.duration_ms)
        received = segment.received_at or core.clock()
        leaf = leaf_of(
            segment,
            unit_id=row.unit_id,
            take_id=row.id,
            media_type=row.media_type,
            place=place,
            received=received,
            prev=row.manifest_head,
        )
        position = row.manifest_size
        if first:
            gaps.close(db, row.unit_id, place.start_ms)
        else:
            gaps.between(db, core, row.unit_id, kind, end_ms=row.end_ms, start_ms=place.start_ms)
        if segment.absences:
            absences.record(
                db,
                core,
                row.session_id,
                row.unit_id,
                started=row.started_at,
                absences=segment.absences,
                place=place,
            )
        leaves.append(columns(leaf, position, received, row.number))
        grown.append({"unit": leaf.unit, "before": position, "after": position + 1, "head": leaf.hash()})
        begins_ms = place.start_ms if first else row.start_ms
        ends_ms = place.end_ms if first else max(row.end_ms, place.end_ms)
        lengthened.append({"take": row.id, "start": begins_ms, "end": ends_ms, "seq": segment.seq})
    connection = db.connection()
    if connection.execute(_GROW, grown).rowcount not in (len(grown), -1):
        raise _changed()
    connection.execute(insert(SegmentRow.__table__), leaves)  # type: ignore[arg-type]
    connection.execute(_LENGTHEN, lengthened)


def _rows(db: Db, segments: Mapping[str, SealedSegment], lock: bool) -> list[Row[*tuple[Any, ...]]]:
    query = (
        select(
            TakeRow.id,
            TakeRow.unit_id,
            TakeRow.session_id,
            TakeRow.number,
            TakeRow.stream,
            TakeRow.media_type,
            TakeRow.start_ms,
            TakeRow.end_ms,
            _FOLLOWS.label("follows"),
            _FOLLOWED.label("followed"),
            UnitRow.manifest_size,
            UnitRow.manifest_head,
            SessionRow.started_at,
        )
        .join(UnitRow, UnitRow.id == TakeRow.unit_id)
        .join(SessionRow, SessionRow.id == TakeRow.session_id)
        .where(TakeRow.id.in_(segments), TakeRow.late.is_(False), UnitRow.state == UnitState.OPEN.value)
        .order_by(UnitRow.id)
    )
    found = db.execute(query.with_for_update(of=UnitRow) if lock else query).all()
    # Asked once their units are locked: what another process has just registered is seen.
    lasts = select(TakeRow.id, TakeRow.last_seq).where(TakeRow.id.in_(segments))
    newer = {take for take, last in db.execute(lasts) if segments[take].seq > last}
    return [row for row in found if row.id in newer and _is_ordinary(row, segments[row.id])]


def _is_ordinary(row: Row[*tuple[Any, ...]], segment: SealedSegment) -> bool:
    return not row.followed and not (row.follows and is_first(segment.seq, row))


def _changed() -> Contended:
    return Contended(
        "Not all of these segments are the next of open recordings.", "Register them one by one."
    )
