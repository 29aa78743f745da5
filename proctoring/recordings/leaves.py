"""A stored segment in its place on the time line, as a leaf of its stream's manifest, and as a row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from proctoring.clock import iso, to_unix_ms
from proctoring.recordings.model import EndCause, GapPart
from proctoring.recordings.spans import EVER_MS, Span
from storage.objects.naming import segment_key
from storage.proofs.manifest import Leaf

ABSENCES_MAX = 8  # of one segment; of more the longest are told


@dataclass(frozen=True, slots=True)
class Absence:
    """A stretch of a segment's time, in Unix milliseconds, in which picture or sound is missing, and why."""

    part: GapPart
    start_unix_ms: int
    end_unix_ms: int
    cause: EndCause


@dataclass(frozen=True, slots=True)
class SealedSegment:
    """A segment as it was stored: hashes and lengths are of the ciphertext. Received now, unless said."""

    seq: int
    ct_sha256: str
    ct_len: int
    start_unix_ms: int
    duration_ms: int
    received_at: datetime | None = None
    absences: tuple[Absence, ...] = ()


def since_ms(started: datetime | None, unix_ms: int) -> int:
    """Milliseconds from the start of the session's time line, 0 for what came before it."""
    return max(0, moved_ms(started, unix_ms))


def moved_ms(started: datetime | None, unix_ms: int) -> int:
    """The same, negative for what came before it; 0 of a session that has no time line yet."""
    if started is None:
        return 0
    return unix_ms - to_unix_ms(started)


def placed(started: datetime | None, segment: SealedSegment, after_ms: int, before_ms: int = EVER_MS) -> Span:
    """The span of a stream's segment on the time line: when it was filmed, as far as that time is free.

    `after_ms` is where the stream's earlier segments end, 0 before the first. `before_ms` is where a later
    take begins that was registered first. A segment that would overlap either, or the time before the
    session, is shortened. At least 1 ms is left; none only where no time is free. So no instant has two
    segments, and none is refused.
    """
    began_ms = moved_ms(started, segment.start_unix_ms)
    start_ms = max(after_ms, min(began_ms, before_ms - 1))
    end_ms = min(max(began_ms + segment.duration_ms, start_ms + 1), max(before_ms, start_ms))
    return Span(start_ms, end_ms)


def longest(absences: tuple[Absence, ...]) -> tuple[Absence, ...]:
    """ABSENCES_MAX of them at most, in the order of time."""
    by_length = sorted(absences, key=lambda one: one.start_unix_ms - one.end_unix_ms)
    return tuple(sorted(by_length[:ABSENCES_MAX], key=lambda one: one.start_unix_ms))


def leaf_of(
    segment: SealedSegment,
    *,
    unit_id: str,
    take_id: str,
    media_type: str,
    place: Span,
    received: datetime,
    prev: str,
) -> Leaf:
    """The leaf that follows the one of hash `prev`; `place` on the session's time line."""
    return Leaf(
        unit=unit_id,
        take=take_id,
        seq=segment.seq,
        object_key=segment_key(unit_id, take_id, segment.seq),
        ct_sha256=segment.ct_sha256,
        ct_len=segment.ct_len,
        media_type=media_type,
        start_ms=place.start_ms,
        duration_ms=place.length_ms,
        received_at=iso(received),
        prev=prev,
    )


def columns(leaf: Leaf, position: int, received: datetime, number: int) -> dict[str, Any]:
    """The values of its `SegmentRow`; `number`: of its take."""
    return {
        "unit_id": leaf.unit,
        "position": position,
        "take": number,
        "seq": leaf.seq,
        "ct_sha256": leaf.ct_sha256,
        "ct_len": leaf.ct_len,
        "start_ms": leaf.start_ms,
        "duration_ms": leaf.duration_ms,
        "received_at": received,
        "leaf_hash": leaf.hash(),
    }
