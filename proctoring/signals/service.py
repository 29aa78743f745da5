"""Sheets of signals are sealed, registered and found here; what a signal puts before a person is flagged.

Only while the unit is open, as with segments. A sheet that was put and not registered is an orphan: the sweep
or the erasure of the unit takes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import to_unix_ms
from proctoring.core import Core
from proctoring.errors import NotFound, WrongState
from proctoring.exams.model import Stream
from proctoring.exams.rows import ExamRow
from proctoring.flags import service as flags
from proctoring.flags.model import Severity
from proctoring.quarantine.service import check_none
from proctoring.recordings.rows import TakeRow
from proctoring.recordings.timeline import SealedSegmentRef, living_unit
from proctoring.sessions.rows import SessionRow
from proctoring.signals.model import (
    FLAGS_PER_TAKE_MAX,
    RAISES_FLAG,
    SHEET_MEDIA_TYPE,
    Sheet,
    Signal,
    SignalKind,
    encode,
)
from proctoring.signals.rows import SheetRow
from proctoring.units import keys as unit_keys
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.keys.unit_tags import UnitPublicKey
from storage.objects.naming import segment_key
from storage.proofs.manifest import digest

Flagged = Mapping[tuple[SignalKind, int], str]
"""Flags by the kind and start of their signal."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A take of an exam that has opted in. `started_unix_ms` is where the session's time line starts."""

    take_id: str
    session_id: str
    unit_id: str
    unit_public: UnitPublicKey
    stream: Stream
    started_unix_ms: int


@dataclass(frozen=True, slots=True)
class SealedSheet:
    """A sheet as it is put; its key is sealed to the unit and known to nobody here any more."""

    id: str
    object_key: str
    sealed: bytes
    sealed_key: bytes
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class SheetPlace:
    """Which stretch of the time line a sheet shows."""

    position: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class SignalsHead:
    """What may be told of a stream's signals without opening them."""

    stream: Stream
    state: UnitState
    sheets: int


def watched(db: Db, take_id: str) -> Watched | None:
    """What is needed to watch a take; None unless its exam has opted in."""
    query = (
        select(TakeRow, UnitRow, SessionRow.started_at)
        .join(UnitRow, UnitRow.id == TakeRow.unit_id)
        .join(SessionRow, SessionRow.id == TakeRow.session_id)
        .join(ExamRow, ExamRow.id == SessionRow.exam_id)
        .where(TakeRow.id == take_id, ExamRow.signals, UnitRow.kind.in_([one.value for one in Stream]))
    )
    found = db.execute(query).one_or_none()
    if found is None:
        return None
    take, unit, started = found
    if started is None:
        return None
    since = to_unix_ms(started)
    return Watched(take.id, take.session_id, unit.id, unit.public(), Stream(unit.kind), since)


def seal_sheet(core: Core, take: Watched, sheet: Sheet) -> SealedSheet:
    """The sheet under a key of its own, which is sealed to the unit and then forgotten. Raises KeyRefused."""
    sheet_id = core.new_id()
    sealer, sealed_key = unit_keys.new_take(core, take.unit_public, sheet_id)
    sealed = sealer.seal(0, SHEET_MEDIA_TYPE, encode(sheet))
    sealer.forget()
    key = segment_key(take.unit_id, sheet_id, 0)
    return SealedSheet(sheet_id, key, sealed, sealed_key, sheet.start_ms, sheet.end_ms)


def check_open(db: Db, unit_id: str) -> None:
    """Raises WrongState unless the unit is open, Quarantined: nothing of it may be put then."""
    check_none(db)
    if db.get_one(UnitRow, unit_id).state != UnitState.OPEN.value:
        raise _closed()


def register_sheet(
    db: Db, core: Core, take: Watched, *, sheet: SealedSheet, signals: tuple[Signal, ...], flagged: Flagged
) -> Flagged:
    """Record the sheet's place. Raise a flag for each new signal that a person should look at, and lengthen
    those raised before. Returns the take's flags, to be passed with the next sheet.

    Raises WrongState unless the unit is open, Quarantined.
    """
    check_none(db)
    state = db.scalar(select(UnitRow.state).where(UnitRow.id == take.unit_id).with_for_update())
    if state != UnitState.OPEN.value:
        raise _closed()
    positions = select(func.max(SheetRow.position)).where(SheetRow.unit_id == take.unit_id)
    last = db.scalar(positions)
    db.add(
        SheetRow(
            unit_id=take.unit_id,
            position=0 if last is None else last + 1,
            take_id=take.take_id,
            sheet_id=sheet.id,
            sealed_key=sheet.sealed_key,
            object_key=sheet.object_key,
            ct_sha256=digest(sheet.sealed),
            start_ms=sheet.start_ms,
            end_ms=sheet.end_ms,
        )
    )
    db.flush()
    going_on = tuple(signal for signal in signals if signal.end_ms >= sheet.start_ms)
    return _flag(db, core, take.session_id, going_on, flagged)


def heads(db: Db, session_id: str) -> list[SignalsHead]:
    """The streams of which there are sheets; none of an erased one."""
    count = func.count(SheetRow.position)
    query = (
        select(UnitRow.kind, UnitRow.state, count)
        .join(SheetRow, SheetRow.unit_id == UnitRow.id)
        .where(UnitRow.session_id == session_id)
        .group_by(UnitRow.kind, UnitRow.state)
        .order_by(UnitRow.kind)
    )
    return [SignalsHead(Stream(kind), UnitState(state), sheets) for kind, state, sheets in db.execute(query)]


def places(db: Db, session_id: str, stream: Stream) -> list[SheetPlace]:
    """The stream's sheets in the order of the time line. Raises NotFound, saying so when it was erased."""
    unit, _ = living_unit(db, session_id, stream.value)
    query = select(SheetRow).where(SheetRow.unit_id == unit.id).order_by(SheetRow.start_ms)
    return [SheetPlace(row.position, row.start_ms, row.end_ms) for row in db.scalars(query)]


def newest(db: Db, session_id: str, stream: Stream) -> list[SealedSegmentRef]:
    """The newest sheet of each take: together they tell every signal. Raises NotFound as `places` does."""
    unit, _ = living_unit(db, session_id, stream.value)
    last = select(func.max(SheetRow.position)).where(SheetRow.unit_id == unit.id).group_by(SheetRow.take_id)
    return [locate_sheet(db, session_id, stream, position) for position in sorted(db.scalars(last))]


def locate_sheet(db: Db, session_id: str, stream: Stream, position: int) -> SealedSegmentRef:
    """Place of a sheet and the keys it is sealed with. Raises NotFound as `places` does."""
    unit, key = living_unit(db, session_id, stream.value)
    row = db.get(SheetRow, (unit.id, position))
    if row is None:
        raise NotFound(f"The {stream.value} has no sheet {position}.", "Load the page again.")
    return SealedSegmentRef(
        unit.id, row.sheet_id, 0, SHEET_MEDIA_TYPE, row.object_key, row.ct_sha256, key, row.sealed_key
    )


def object_keys(db: Db, unit_id: str) -> set[str]:
    """The objects of the unit that are sheets: they have no leaf, and they are no orphans."""
    return set(db.scalars(select(SheetRow.object_key).where(SheetRow.unit_id == unit_id)))


def forget(db: Db, unit_id: str) -> None:
    """Part of destroying the unit's key: the sealed keys of its sheets go with it."""
    db.execute(delete(SheetRow).where(SheetRow.unit_id == unit_id))


def _flag(db: Db, core: Core, session_id: str, signals: tuple[Signal, ...], flagged: Flagged) -> Flagged:
    known = dict(flagged)
    for signal in signals:
        if signal.kind not in RAISES_FLAG:
            continue
        key = (signal.kind, signal.start_ms)
        if key not in known:
            if len(known) >= FLAGS_PER_TAKE_MAX:
                continue
            category, words = RAISES_FLAG[signal.kind]
            known[key] = flags.raise_by_rule(
                db,
                core,
                session_id,
                at_ms=signal.start_ms,
                category=category,
                severity=Severity.MINOR,
                note=words,
            ).id
        flags.lengthen(db, core, known[key], signal.end_ms)
    return known


def _closed() -> WrongState:
    return WrongState("The recording is closed; no signal of it is kept any more.")
