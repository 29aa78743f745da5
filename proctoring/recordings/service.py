"""Takes begin, their segments are registered as manifest leaves, takes end and leave a gap.

The commit of a leaf is the acknowledgement: an object without a leaf was never promised to anyone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Action
from proctoring.custody.service import enter
from proctoring.errors import NotFound, WrongState
from proctoring.exams.model import Stream
from proctoring.quarantine.service import check_none
from proctoring.recordings.model import EndCause, Take, UnitKind, UnitState, gap_reason
from proctoring.recordings.rows import GapRow, SegmentRow, TakeRow, UnitRow, lock_units
from proctoring.recordings.settle import settle
from proctoring.reviews.flags import raise_by_rule
from proctoring.reviews.model import Category, Severity
from proctoring.sessions.model import SessionEvent, SessionState, after
from proctoring.sessions.rows import SessionRow
from proctoring.sessions.service import session_row
from storage.manifest import Leaf
from storage.naming import segment_key
from storage.seal import TakeSealer

START_MARGIN_MS = 1000
GAP_MS_MIN = 200
TAKES_PER_STATEMENT = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BegunTake:
    """What a publisher's process keeps while the take lasts."""

    take: Take
    sealer: TakeSealer


@dataclass(frozen=True, slots=True)
class SealedSegment:
    """A segment as it was stored: hashes and lengths are of the ciphertext. Received now, unless said."""

    seq: int
    ct_sha256: str
    ct_len: int
    start_unix_ms: int
    duration_ms: int
    late: bool = False
    received_at: datetime | None = None


def begin_take(
    db: Db,
    core: Core,
    session_id: str,
    stream: Stream | UnitKind,
    media_type: str,
    start_unix_ms: int,
) -> BegunTake:
    """Open the next take of a stream. The first one of a session starts its time line.

    Raises WrongState when the session is over, NotFound when its exam does not record the stream,
    Quarantined.
    """
    check_none(db)
    row = session_row(db, session_id, lock=True)
    state = SessionState(row.state)
    row.state = after(state, SessionEvent.BEGIN).value
    unit = _unit(db, session_id, stream)
    if row.started_at is None:
        # A little earlier, on the full second: another stream's first frame may reach us later than this.
        whole_s = (start_unix_ms - START_MARGIN_MS) // 1000
        row.started_at = _EPOCH + timedelta(seconds=whole_s)
        enter(db, core.clock, SYSTEM, Action.SESSION_BEGIN, session_id)
    return open_take(db, core, row, unit, media_type, start_unix_ms)


def open_take(
    db: Db, core: Core, session: SessionRow, unit: UnitRow, media_type: str, start_unix_ms: int
) -> BegunTake:
    """The next take of a unit, with its key. The caller has locked the session's row and seen that it may
    begin. What comes before the session's time line lies at its start."""
    start_ms = _since(session.started_at, start_unix_ms)
    taken = select(func.coalesce(func.max(TakeRow.number), 0)).where(TakeRow.unit_id == unit.id)
    take_id = core.new_id()
    sealer, sealed_key = core.sealer.new_take(unit.id, take_id, unit.public_key)
    take = TakeRow(
        id=take_id,
        unit_id=unit.id,
        session_id=session.id,
        stream=unit.kind,
        number=(db.scalar(taken) or 0) + 1,
        media_type=media_type,
        sealed_key=sealed_key,
        start_ms=start_ms,
        end_ms=start_ms,
        started_at=core.clock(),
    )
    db.add(take)
    db.flush()
    enter(
        db,
        core.clock,
        SYSTEM,
        Action.TAKE_BEGIN,
        session.id,
        unit.id,
        take=take_id,
        number=take.number,
        stream=unit.kind,
    )
    return BegunTake(take.model(), sealer)


def wants(db: Db, take_id: str, seq: int) -> bool:
    """Whether this segment may be put and registered: False when it is registered already.

    Raises WrongState unless the unit is open, NotFound for an unknown take.
    """
    take = _take(db, take_id)
    if _position(db, take_id, seq) is not None:
        return False
    if db.get_one(UnitRow, take.unit_id).state != UnitState.OPEN.value:
        raise _closed()
    return True


def register(db: Db, core: Core, take_id: str, segment: SealedSegment) -> int:
    """Append the segment's leaf to its stream's manifest; its position. Registering it again is harmless.

    Raises WrongState unless the unit is open: what comes later is not kept.
    """
    take = _take(db, take_id)
    # Of two processes that register the same segment, the second one finds it.
    db.execute(select(UnitRow.id).where(UnitRow.id == take.unit_id).with_for_update())
    position = _position(db, take_id, segment.seq)
    if position is not None:
        return position
    grown = (
        update(UnitRow)
        .where(UnitRow.id == take.unit_id, UnitRow.state == UnitState.OPEN.value)
        .values(manifest_size=UnitRow.manifest_size + 1)
        .returning(UnitRow.manifest_size, UnitRow.manifest_head)
    )
    unit = db.execute(grown).first()
    if unit is None:
        raise _closed()
    received = segment.received_at or core.clock()
    start_ms = _since(session_row(db, take.session_id).started_at, segment.start_unix_ms)
    leaf = Leaf(
        unit=take.unit_id,
        take=take_id,
        seq=segment.seq,
        object_key=segment_key(take.unit_id, take_id, segment.seq),
        ct_sha256=segment.ct_sha256,
        ct_len=segment.ct_len,
        media_type=take.media_type,
        start_ms=start_ms,
        duration_ms=segment.duration_ms,
        received_at=iso(received),
        prev=unit.manifest_head,
    )
    db.add(
        SegmentRow(
            unit_id=leaf.unit,
            position=unit.manifest_size - 1,
            take_id=leaf.take,
            seq=leaf.seq,
            object_key=leaf.object_key,
            ct_sha256=leaf.ct_sha256,
            ct_len=leaf.ct_len,
            media_type=leaf.media_type,
            start_ms=leaf.start_ms,
            duration_ms=leaf.duration_ms,
            received_at=received,
            late=segment.late,
            prev=leaf.prev,
            leaf_hash=leaf.hash(),
        )
    )
    db.execute(update(UnitRow).where(UnitRow.id == leaf.unit).values(manifest_head=leaf.hash()))
    if segment.seq == 0:
        take.start_ms = start_ms
        lasting = update(GapRow).where(GapRow.unit_id == take.unit_id, GapRow.end_ms.is_(None))
        db.execute(lasting.where(GapRow.start_ms <= start_ms).values(end_ms=start_ms))
    elif UnitKind(take.stream).is_stream and start_ms - take.end_ms >= GAP_MS_MIN:
        _add_gap(db, core, take.unit_id, take.end_ms, start_ms, EndCause.CONNECTION_LOST)
    take.end_ms = max(take.end_ms, start_ms + segment.duration_ms)
    return int(unit.manifest_size) - 1


def end_take(db: Db, core: Core, take_id: str, cause: EndCause, at: datetime | None = None) -> None:
    """Close a take, now or as of `at`; harmless to repeat. While its session goes on, the stream has a gap
    from here until the next take's first segment."""
    take = _take(db, take_id)
    session_row(db, take.session_id, lock=True)
    lock_units(db, take.session_id)
    db.refresh(take)  # as it is now that nobody else can end it or register a segment of it
    if take.ended_at is not None:
        return
    take.ended_at = at or core.clock()
    take.end_cause = cause.value
    if UnitKind(take.stream).is_stream:
        _add_gap_after(db, core, take, cause)
    db.flush()
    # The length and head of the manifest stand in the ledger, so that its tail cannot be cut later.
    stands = select(UnitRow.manifest_size, UnitRow.manifest_head).where(UnitRow.id == take.unit_id)
    leaves, head = db.execute(stands).one()
    enter(
        db,
        core.clock,
        SYSTEM,
        Action.TAKE_END,
        take.session_id,
        take.unit_id,
        take=take_id,
        cause=cause.value,
        leaves=leaves,
        head=head,
    )
    if cause is EndCause.SHARING_ENDED:
        raise_by_rule(
            db,
            core,
            take.session_id,
            take.end_ms,
            Category.RECORDING_ENDED,
            Severity.MINOR,
            "Screen sharing ended",
        )
    settle(db, take.session_id)


def still_here(db: Db, core: Core, take_ids: Collection[str]) -> None:
    """A capture process says that these takes are still its own: none of them counts as abandoned."""
    ids = sorted(take_ids)
    for at in range(0, len(ids), TAKES_PER_STATEMENT):
        mine = TakeRow.id.in_(ids[at : at + TAKES_PER_STATEMENT])
        db.execute(update(TakeRow).where(mine).values(heard_at=core.clock()))


def end_open_takes(db: Db, core: Core, cause: EndCause, session_ids: list[str] | None = None) -> int:
    """End every take that is still open, of all sessions or of these; how many."""
    query = select(TakeRow.id).where(TakeRow.ended_at.is_(None)).order_by(TakeRow.started_at)
    if session_ids is not None:
        query = query.where(TakeRow.session_id.in_(session_ids))
    takes = list(db.scalars(query))
    for take_id in takes:
        end_take(db, core, take_id, cause)
    return len(takes)


def _add_gap_after(db: Db, core: Core, take: TakeRow, cause: EndCause) -> None:
    """From the take's end to what follows; it lasts when nothing does yet."""
    follows = select(func.min(SegmentRow.start_ms)).where(
        SegmentRow.unit_id == take.unit_id, SegmentRow.start_ms >= take.end_ms
    )
    next_ms = db.scalar(follows)
    lasting = select(GapRow.id).where(GapRow.unit_id == take.unit_id, GapRow.end_ms.is_(None))
    if next_ms is not None and next_ms - take.end_ms >= GAP_MS_MIN:
        _add_gap(db, core, take.unit_id, take.end_ms, next_ms, cause)
    elif next_ms is None and db.scalar(lasting) is None:
        _add_gap(db, core, take.unit_id, take.end_ms, None, cause)


def _add_gap(db: Db, core: Core, unit_id: str, start_ms: int, end_ms: int | None, cause: EndCause) -> None:
    db.add(
        GapRow(
            id=core.new_id(),
            unit_id=unit_id,
            start_ms=start_ms,
            end_ms=end_ms,
            reason=gap_reason(cause).value,
            cause=cause.value,
        )
    )


def _unit(db: Db, session_id: str, stream: Stream | UnitKind) -> UnitRow:
    unit = db.scalar(select(UnitRow).where(UnitRow.session_id == session_id, UnitRow.kind == stream.value))
    if unit is None:
        raise NotFound(f"This exam records no {stream.value}.", "Publish only the streams of the exam.")
    return unit


def _take(db: Db, take_id: str) -> TakeRow:
    take = db.get(TakeRow, take_id)
    if take is None:
        raise NotFound(f"There is no take {take_id}.", "Publish again.")
    return take


def _position(db: Db, take_id: str, seq: int) -> int | None:
    return db.scalar(select(SegmentRow.position).where(SegmentRow.take_id == take_id, SegmentRow.seq == seq))


def _closed() -> WrongState:
    return WrongState("The recording is closed; nothing more is accepted.", "Stop publishing.")


def _since(started: datetime | None, unix_ms: int) -> int:
    """Milliseconds from the start of the session's time line, 0 for what came before it."""
    if started is None:
        return 0
    return max(0, unix_ms - (started - _EPOCH) // timedelta(milliseconds=1))
