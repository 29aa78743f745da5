"""Registers the leaves of many streams in one transaction and a handful of statements.

Only ordinary ones: of a unit that is open, not the first of its take, and abutting the one before unless it
is a log's. While many streams record there are hundreds of them each second; whatever is not ordinary goes
through `proctoring.recordings.service`, whose rules these leaves keep.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, tuple_, update
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.errors import Contended
from proctoring.recordings.model import UnitKind, UnitState
from proctoring.recordings.rows import SegmentRow, TakeRow, UnitRow
from proctoring.recordings.service import GAP_MS_MIN, SealedSegment
from proctoring.sessions.rows import SessionRow
from storage.manifest import Leaf
from storage.naming import segment_key

_GROW = (
    update(UnitRow.__table__)  # type: ignore[arg-type]
    .where(
        UnitRow.id == bindparam("unit"),
        UnitRow.manifest_size == bindparam("before"),
        UnitRow.state == UnitState.OPEN.value,
    )
    .values(manifest_size=bindparam("after"), manifest_head=bindparam("head"))
)
_LENGTHEN = (
    update(TakeRow.__table__)  # type: ignore[arg-type]
    .where(TakeRow.id == bindparam("take"))
    .values(end_ms=bindparam("end"))
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
        start_ms = _since_ms(row.started_at, segment)
        received = segment.received_at or core.clock()
        leaf = Leaf(
            unit=row.unit_id,
            take=row.id,
            seq=segment.seq,
            object_key=segment_key(row.unit_id, row.id, segment.seq),
            ct_sha256=segment.ct_sha256,
            ct_len=segment.ct_len,
            media_type=row.media_type,
            start_ms=start_ms,
            duration_ms=segment.duration_ms,
            received_at=iso(received),
            prev=row.manifest_head,
        )
        values = leaf.fields()
        del values["v"]
        values["unit_id"], values["take_id"] = values.pop("unit"), values.pop("take")
        head = leaf.hash()
        position = row.manifest_size
        leaves.append(
            values | {"position": position, "received_at": received, "late": False, "leaf_hash": head}
        )
        grown.append({"unit": leaf.unit, "before": position, "after": position + 1, "head": head})
        lengthened.append({"take": row.id, "end": max(row.end_ms, start_ms + segment.duration_ms)})
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
            TakeRow.stream,
            TakeRow.media_type,
            TakeRow.end_ms,
            UnitRow.manifest_size,
            UnitRow.manifest_head,
            SessionRow.started_at,
        )
        .join(UnitRow, UnitRow.id == TakeRow.unit_id)
        .join(SessionRow, SessionRow.id == TakeRow.session_id)
        .where(TakeRow.id.in_(segments), UnitRow.state == UnitState.OPEN.value)
        .order_by(UnitRow.id)
    )
    found = db.execute(query.with_for_update(of=UnitRow) if lock else query).all()
    places = [(take, segment.seq) for take, segment in segments.items()]
    there = select(SegmentRow.take_id).where(tuple_(SegmentRow.take_id, SegmentRow.seq).in_(places))
    known = set(db.scalars(there))
    return [row for row in found if row.id not in known and _is_next(row, segments[row.id])]


def _is_next(row: Row[*tuple[Any, ...]], segment: SealedSegment) -> bool:
    if segment.seq == 0:
        return False
    late_ms = _since_ms(row.started_at, segment) - row.end_ms
    return late_ms < GAP_MS_MIN or not UnitKind(row.stream).is_stream


def _since_ms(started_at: datetime, segment: SealedSegment) -> int:
    """When the segment starts, in milliseconds of the session's time line."""
    return max(0, segment.start_unix_ms - int(started_at.timestamp()) * 1000)


def _changed() -> Contended:
    return Contended(
        "Not all of these segments are the next of open recordings.", "Register them one by one."
    )
