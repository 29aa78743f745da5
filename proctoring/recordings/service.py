"""Takes begin, their segments are registered as manifest leaves, takes end and leave a gap.

The commit of a leaf is the acknowledgement: an object without a leaf was never promised to anyone.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Db

from proctoring.clock import from_unix_ms, iso
from proctoring.core import Core
from proctoring.custody.apart import apart
from proctoring.custody.model import SYSTEM, Action
from proctoring.custody.service import enter
from proctoring.errors import NotFound, TooMany, WrongState
from proctoring.exams.model import Stream
from proctoring.quarantine.service import check_none
from proctoring.recordings import absences, gaps
from proctoring.recordings.leaves import SealedSegment, columns, leaf_of, since_ms
from proctoring.recordings.model import EndCause, Take
from proctoring.recordings.pace import TAKES_AT_ONCE, turn_in
from proctoring.recordings.placing import begin_gap, place
from proctoring.recordings.rows import SegmentRow, TakeRow
from proctoring.recordings.ruleflags import flag_end
from proctoring.recordings.settle import settle
from proctoring.sessions.model import SessionEvent, SessionState, after
from proctoring.sessions.rows import SessionRow
from proctoring.sessions.service import session_row
from proctoring.sessions.summary import LIFE
from proctoring.summaries.service import changed
from proctoring.units import keys as unit_keys
from proctoring.units.model import KEYLESS_VALUES, UnitKind, UnitState
from proctoring.units.rows import UnitRow, lock_units
from storage.proofs.manifest import digest
from storage.seal import TakeSealer

START_MARGIN_MS = 1000
TAKES_PER_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class BegunTake:
    """What a publisher's process keeps while the take lasts."""

    take: Take
    sealer: TakeSealer


def begin_take(
    db: Db,
    core: Core,
    session_id: str,
    stream: Stream | UnitKind,
    media_type: str,
    *,
    start_unix_ms: int,
) -> BegunTake:
    """Open the next take of a stream. The first one of a session starts its time line, and the other streams
    have a gap from there until they begin.

    Raises WrongState when the session is over, NotFound when its exam does not record the stream, TooMany,
    KeyRefused, Quarantined.
    """
    check_none(db)
    row = session_row(db, session_id, lock=True)
    state = SessionState(row.state)
    row.state = after(state, SessionEvent.BEGIN).value
    changed(db, session_id, LIFE)
    unit = unit_of(db, session_id, stream)
    first = row.started_at is None
    if first:
        # A little earlier, on the full second: another stream's first frame may reach us later than this.
        whole_s = (start_unix_ms - START_MARGIN_MS) // 1000
        row.started_at = from_unix_ms(whole_s * 1000)
        enter(db, core.clock, SYSTEM, Action.SESSION_BEGIN, session_id, started_at=iso(row.started_at))
    begun = open_take(db, core, row, unit, media_type=media_type, start_unix_ms=start_unix_ms)
    if first:
        others = select(UnitRow.id).where(UnitRow.session_id == session_id, UnitRow.id != unit.id)
        for other in db.scalars(others.where(UnitRow.kind.in_([one.value for one in Stream]))):
            gaps.add(db, core, other, start_ms=begun.take.start_ms, end_ms=None, cause=EndCause.NOT_BEGUN)
    return begun


def open_take(
    db: Db,
    core: Core,
    session: SessionRow,
    unit: UnitRow,
    *,
    media_type: str,
    start_unix_ms: int,
    late: bool = False,
) -> BegunTake:
    """The next take of a unit, with its key. The caller has locked the session's row and seen that it may
    begin. What comes before the session's time line is put at its start. Raises TooMany, KeyRefused."""
    start_ms = since_ms(session.started_at, start_unix_ms)
    number = _next_number(db, core, unit.id)
    take_id = core.new_id()
    sealer, sealed_key = unit_keys.new_take(core, unit.public(), take_id)
    take = TakeRow(
        id=take_id,
        unit_id=unit.id,
        session_id=session.id,
        stream=unit.kind,
        number=number,
        media_type=media_type,
        sealed_key=sealed_key,
        start_ms=start_ms,
        end_ms=start_ms,
        started_at=core.clock(),
        late=late,
    )
    db.add(take)
    db.flush()
    enter(
        db,
        take.started_at,
        SYSTEM,
        Action.TAKE_BEGIN,
        session.id,
        unit_id=unit.id,
        take=take_id,
        number=take.number,
        stream=unit.kind,
        media_type=media_type,
        start_ms=start_ms,
        late=int(late),
        key=digest(sealed_key),
    )
    return BegunTake(take.model(), sealer)


def _next_number(db: Db, core: Core, unit_id: str) -> int:
    """Of the unit's takes. Raises TooMany before its turn has come (`recordings.pace`)."""
    number = (db.scalar(select(func.max(TakeRow.number)).where(TakeRow.unit_id == unit_id)) or 0) + 1
    earlier = TakeRow.unit_id == unit_id, TakeRow.number == number - TAKES_AT_ONCE
    began_at = db.scalar(select(TakeRow.started_at).where(*earlier))
    wait = timedelta(0) if began_at is None else turn_in(number, core.clock() - began_at)
    if wait > timedelta(0):
        raise TooMany(
            f"Recordings of this stream have begun {TAKES_AT_ONCE} times within a short while.",
            "Go on recording, and try again then; nothing else is needed.",
            math.ceil(wait.total_seconds()),
        )
    return number


def wants(db: Db, unit_id: str, take_id: str, seq: int) -> bool:
    """Whether this segment may be put and registered: False when it is registered already.

    Raises WrongState unless the unit is open, also where its takes were removed; NotFound for an unknown
    take.
    """
    erased = UnitRow.id == unit_id, UnitRow.state.in_(KEYLESS_VALUES)
    if db.scalar(select(UnitRow.id).where(*erased)) is not None:
        raise _closed()
    take = _take(db, take_id)
    if _position(db, take, seq) is not None:
        return False
    if db.get_one(UnitRow, take.unit_id).state != UnitState.OPEN.value:
        raise _closed()
    return True


def register(db: Db, core: Core, take_id: str, segment: SealedSegment) -> int:
    """Append the segment's leaf to its stream's manifest; its position. Registering it again is harmless.

    A stream's segment is placed as `leaves.placed` says: no instant has two. Raises WrongState unless the
    unit is open: what comes later is not kept.
    """
    take = _take(db, take_id)
    # Of two processes that register the same segment, the second one finds it.
    db.execute(select(UnitRow.id).where(UnitRow.id == take.unit_id).with_for_update())
    db.refresh(take)
    position = _position(db, take, segment.seq)
    if position is not None:
        return position
    grown = (
        update(UnitRow)
        .where(UnitRow.id == take.unit_id, UnitRow.state == UnitState.OPEN.value)
        .values(manifest_size=UnitRow.manifest_size + 1, unsigned=True)
        .returning(UnitRow.manifest_size, UnitRow.manifest_head)
    )
    unit = db.execute(grown).first()
    if unit is None:
        raise _closed()
    received = segment.received_at or core.clock()
    started = session_row(db, take.session_id).started_at
    where = place(db, core, take, segment, started)
    leaf = leaf_of(
        segment,
        unit_id=take.unit_id,
        take_id=take_id,
        media_type=take.media_type,
        place=where,
        received=received,
        prev=unit.manifest_head,
    )
    take.last_seq = max(take.last_seq, segment.seq)
    db.add(SegmentRow(**columns(leaf, unit.manifest_size - 1, received, take.number)))
    db.execute(update(UnitRow).where(UnitRow.id == leaf.unit).values(manifest_head=leaf.hash()))
    if segment.absences:
        absences.record(
            db, core, take.session_id, take.unit_id, started=started, absences=segment.absences, place=where
        )
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
    if UnitKind(take.stream).is_stream and not take.late:
        begin_gap(db, core, take, cause)
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
        unit_id=take.unit_id,
        take=take_id,
        cause=cause.value,
        ended_at=iso(take.ended_at),
        leaves=leaves,
        head=head,
    )
    flag_end(db, core, take.session_id, take.end_ms, cause)
    settle(db, core.clock(), take.session_id)


def still_here(db: Db, core: Core, take_ids: Collection[str]) -> None:
    """A capture process says that these takes are still its own: none of them counts as abandoned."""
    ids = sorted(take_ids)
    for at in range(0, len(ids), TAKES_PER_STATEMENT):
        mine = TakeRow.id.in_(ids[at : at + TAKES_PER_STATEMENT])
        db.execute(update(TakeRow).where(mine).values(heard_at=core.clock()))


def end_open_takes(db: Db, core: Core, cause: EndCause, session_ids: Collection[str] | None = None) -> int:
    """End every take that is still open, of all sessions or of these; how many. One that cannot be read keeps
    no other."""
    query = select(TakeRow.id, TakeRow.session_id).where(TakeRow.ended_at.is_(None))
    if session_ids is not None:
        query = query.where(TakeRow.session_id.in_(session_ids))
    ended = 0
    for take_id, session_id in db.execute(query.order_by(TakeRow.started_at)).all():
        with apart(db, session_id):
            end_take(db, core, take_id, cause)
            ended += 1
    return ended


def unit_of(db: Db, session_id: str, stream: Stream | UnitKind) -> UnitRow:
    """The evidence unit of a stream. Raises NotFound when the exam does not record it."""
    unit = db.scalar(select(UnitRow).where(UnitRow.session_id == session_id, UnitRow.kind == stream.value))
    if unit is None:
        raise NotFound(f"This exam records no {stream.value}.", "Publish only the streams of the exam.")
    return unit


def _take(db: Db, take_id: str) -> TakeRow:
    take = db.get(TakeRow, take_id)
    if take is None:
        raise NotFound(f"There is no take {take_id}.", "Publish again.")
    return take


def _position(db: Db, take: TakeRow, seq: int) -> int | None:
    """Of a segment that is registered. One that comes again is among the newest."""
    if seq > take.last_seq:
        return None
    mine = SegmentRow.unit_id == take.unit_id, SegmentRow.take == take.number, SegmentRow.seq == seq
    return db.scalar(select(SegmentRow.position).where(*mine).order_by(SegmentRow.position.desc()).limit(1))


def _closed() -> WrongState:
    return WrongState("The recording is closed; nothing more is accepted.", "Stop publishing.")
