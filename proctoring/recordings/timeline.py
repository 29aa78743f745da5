"""The time line of a session as the player reads it, and the place of one sealed segment."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso, ms_between
from proctoring.custody.rows import CertificateRow
from proctoring.errors import NotFound
from proctoring.exams.model import Stream
from proctoring.exams.service import load as load_exam
from proctoring.recordings.model import EndCause, Gap, Segment, Take
from proctoring.recordings.rows import OF_TAKE, GapRow, SegmentRow, TakeRow, stored
from proctoring.recordings.runs import runs
from proctoring.recordings.sittings import Sitting, sittings
from proctoring.sessions.model import SessionState
from proctoring.sessions.service import load as load_session
from proctoring.units.model import KEYLESS, STREAM_VALUES, UnitKind, UnitState
from proctoring.units.rows import UnitRow
from storage.objects.naming import segment_key
from storage.seal import SealedUnitKey

NOTHING_KNOWN: Mapping[Stream, int] = {}
_OF_TAKE = {"take_id": TakeRow.id, "late": TakeRow.late}
SEGMENT = [_OF_TAKE.get(field.name) or getattr(SegmentRow, field.name) for field in fields(Segment)]
"""The columns of a segment: thousands of them are read at once, without a row's object for each."""
PLACE = (
    select(
        SegmentRow.unit_id,
        TakeRow.id,
        SegmentRow.seq,
        TakeRow.media_type,
        SegmentRow.ct_sha256,
        UnitRow.public_key,
        UnitRow.sealed_private_key,
        UnitRow.kek_epoch,
        TakeRow.sealed_key,
    )
    .select_from(UnitRow)
    .join(SegmentRow, SegmentRow.unit_id == UnitRow.id)
    .join(TakeRow, OF_TAKE)
    .where(
        UnitRow.session_id == bindparam("session"),
        UnitRow.kind == bindparam("kind"),
        SegmentRow.position == bindparam("position"),
        UnitRow.sealed_private_key.is_not(None),
        TakeRow.sealed_key.is_not(None),
    )
)
"""What makes a `SealedSegmentRef`, of a segment whose keys are there."""
REPLACED_TOLD_AFTER = timedelta(seconds=15)
"""A take that was replaced is followed by another, whose first segment is registered some seconds later than
this one's end: until then that is no gap yet."""


class Form(StrEnum):
    """Form of a stream's segments: each by itself, or in runs (`recordings.runs`)."""

    SEGMENTS = "segments"
    RUNS = "runs"


@dataclass(frozen=True, slots=True)
class StreamHead:
    """One stream's evidence unit, without what was recorded of it."""

    stream: Stream
    unit_id: str
    state: UnitState
    due_at: datetime
    active_holds: int
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class StreamTimeline(StreamHead):
    """With all that was recorded of it, in ms since session start."""

    takes: tuple[Take, ...]
    segments: tuple[Segment, ...]
    gaps: tuple[Gap, ...]

    @property
    def stored_bytes(self) -> int:
        return sum(segment.ct_len for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Timeline(Sitting):
    """All streams of a session on one clock."""

    streams: tuple[StreamTimeline, ...]

    @property
    def live(self) -> bool:
        return self.state is SessionState.RECORDING

    def json(self, form: Form = Form.SEGMENTS) -> dict[str, object]:
        """The form that programs read; documented in `docs/formats/timeline.md`."""
        return {
            "session": {
                "id": self.session_id,
                "ref": self.ref,
                "exam": self.exam_title,
                "state": self.state.value,
                "started_at": iso(self.started_at) if self.started_at else None,
                "ended_at": iso(self.ended_at) if self.ended_at else None,
                "zone": self.zone,
                "duration_ms": self.duration_ms,
                "live": self.live,
            },
            "streams": [_stream_json(stream, form) for stream in self.streams],
        }


@dataclass(frozen=True, slots=True)
class SealedSegmentRef:
    """Everything an opener needs for one segment, all of it still sealed."""

    unit_id: str
    take_id: str
    seq: int
    media_type: str
    object_key: str
    ct_sha256: str
    unit_key: SealedUnitKey
    sealed_take_key: bytes


def timeline(
    db: Db, session_id: str, now: datetime | None = None, after: Mapping[Stream, int] = NOTHING_KNOWN
) -> Timeline:
    """The time line; of a live session as it is `now`, else up to what is stored. Of a stream that is in
    `after`, only segments after that position in its manifest. Raises NotFound."""
    session = load_session(db, session_id)
    exam = load_exam(db, session.exam_id)
    units = {row.kind: row for row in db.scalars(select(UnitRow).where(UnitRow.session_id == session_id))}
    replaced_ms = None
    if now is not None and session.started_at is not None and session.state is SessionState.RECORDING:
        replaced_ms = ms_between(session.started_at, now - REPLACED_TOLD_AFTER)
    streams = tuple(
        _stream(db, stream, units[stream.value], replaced_ms, after.get(stream, -1))
        for stream in exam.profile.streams
        if stream.value in units
    )
    whole = sittings(db, [session_id], now)[session_id]
    return Timeline(**asdict(whole), streams=streams)


def stream_heads(units: Iterable[UnitRow]) -> list[StreamHead]:
    """The streams among a session's units, without what was recorded: three hours cost as much as one."""
    return [
        StreamHead(
            Stream(unit.kind),
            unit.id,
            UnitState(unit.state),
            unit.due_at,
            unit.active_holds,
            unit.erased_at,
        )
        for unit in units
        if unit.kind in STREAM_VALUES
    ]


def locate(db: Db, session_id: str, kind: Stream | UnitKind, position: int) -> SealedSegmentRef:
    """Place of a segment and the keys it is sealed with. Raises NotFound, saying so when it was erased."""
    asked = {"session": session_id, "kind": kind.value, "position": position}
    found = db.execute(PLACE, asked).first()
    if found is None:
        living_unit(db, session_id, kind.value)
        raise NotFound(f"The {kind.value} has no segment {position}.", "Load the page again.")
    return SealedSegmentRef(
        found.unit_id,
        found.id,
        found.seq,
        found.media_type,
        segment_key(found.unit_id, found.id, found.seq),
        found.ct_sha256,
        SealedUnitKey(found.public_key, found.sealed_private_key, found.kek_epoch),
        found.sealed_key,
    )


def refs(db: Db, session_id: str, kind: UnitKind, after: int = -1) -> list[SealedSegmentRef]:
    """Places of all objects of a unit after this position in its manifest, in its order. Raises NotFound as
    `locate` does."""
    unit, key = living_unit(db, session_id, kind.value)
    keyed = [(row, row.of.sealed_key) for row in stored(db, unit.id, after)]
    return [_ref(row, key, take_key) for row, take_key in keyed if take_key is not None]


def living_unit(db: Db, session_id: str, kind: str) -> tuple[UnitRow, SealedUnitKey]:
    """A unit with its sealed key. Raises NotFound, saying so when it was erased."""
    unit = db.scalar(select(UnitRow).where(UnitRow.session_id == session_id, UnitRow.kind == kind))
    if unit is None:
        raise NotFound("There is no such recording.", "Open it from the queue.")
    key = unit.key()
    if key is None:
        certificate = db.scalar(select(CertificateRow.id).where(CertificateRow.unit_id == unit.id))
        since = unit.erased_at or unit.erasing_at
        raise NotFound(
            f"This recording was erased on {iso(since) if since else 'an earlier day'}.",
            f"Its certificate is /certificates/{certificate}." if certificate else "Its certificate follows.",
        )
    return unit, key


def _ref(row: SegmentRow, unit_key: SealedUnitKey, take_key: bytes) -> SealedSegmentRef:
    return SealedSegmentRef(
        row.unit_id, row.of.id, row.seq, row.of.media_type, row.object_key, row.ct_sha256, unit_key, take_key
    )


def _stream(db: Db, stream: Stream, unit: UnitRow, replaced_ms: int | None, after: int) -> StreamTimeline:
    """`replaced_ms`: a lasting gap after a replaced take is shown only when it began before this."""
    takes = db.scalars(select(TakeRow).where(TakeRow.unit_id == unit.id).order_by(TakeRow.number))
    newer = SegmentRow.unit_id == unit.id, SegmentRow.position > after
    segments = db.execute(select(*SEGMENT).join(TakeRow, OF_TAKE).where(*newer).order_by(SegmentRow.start_ms))
    gaps = db.scalars(
        select(GapRow).where(GapRow.unit_id == unit.id).order_by(GapRow.start_ms, GapRow.part, GapRow.id)
    )
    return StreamTimeline(
        stream,
        unit.id,
        UnitState(unit.state),
        unit.due_at,
        unit.active_holds,
        unit.erased_at,
        tuple(row.model() for row in takes),
        tuple(Segment(*columns) for columns in segments),
        tuple(gap for row in gaps if not _goes_on(gap := row.model(), replaced_ms)),
    )


def _goes_on(gap: Gap, replaced_ms: int | None) -> bool:
    lasts = gap.end_ms is None and gap.cause is EndCause.REPLACED
    return lasts and replaced_ms is not None and gap.start_ms > replaced_ms


def _stream_json(stream: StreamTimeline, form: Form) -> dict[str, object]:
    numbers = {take.id: take.number for take in stream.takes}
    segments = () if stream.state in KEYLESS else stream.segments
    return {
        "stream": stream.stream.value,
        "state": stream.state.value,
        "takes": [
            {
                "number": take.number,
                "media_type": take.media_type,
                "start_ms": take.start_ms,
                "end_ms": take.end_ms,
                "end_cause": take.end_cause.value if take.end_cause else None,
            }
            for take in stream.takes
        ],
        form.value: runs(segments, numbers)
        if form is Form.RUNS
        else [
            {
                "n": segment.position,
                "take": numbers[segment.take_id],
                "start_ms": segment.start_ms,
                "duration_ms": segment.duration_ms,
                "bytes": segment.ct_len,
                "late": segment.late,
            }
            for segment in segments
        ],
        "gaps": [
            {
                "start_ms": gap.start_ms,
                "end_ms": gap.end_ms,
                "reason": gap.reason.value,
                "cause": gap.cause.value,
                "part": gap.part.value,
            }
            for gap in stream.gaps
        ],
    }
