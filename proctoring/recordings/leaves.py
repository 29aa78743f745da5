"""A stored segment as a leaf of its stream's manifest, and as a row of the database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from proctoring.clock import iso
from storage.manifest import Leaf
from storage.naming import segment_key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SealedSegment:
    """A segment as it was stored: hashes and lengths are of the ciphertext. Received now, unless said."""

    seq: int
    ct_sha256: str
    ct_len: int
    start_unix_ms: int
    duration_ms: int
    received_at: datetime | None = None


def since_ms(started: datetime | None, unix_ms: int) -> int:
    """Milliseconds from the start of the session's time line, 0 for what came before it."""
    if started is None:
        return 0
    return max(0, unix_ms - (started - _EPOCH) // timedelta(milliseconds=1))


def leaf_of(
    segment: SealedSegment,
    unit_id: str,
    take_id: str,
    media_type: str,
    start_ms: int,
    received: datetime,
    prev: str,
) -> Leaf:
    """The leaf that follows the one of hash `prev`; `start_ms` on the session's time line."""
    return Leaf(
        unit=unit_id,
        take=take_id,
        seq=segment.seq,
        object_key=segment_key(unit_id, take_id, segment.seq),
        ct_sha256=segment.ct_sha256,
        ct_len=segment.ct_len,
        media_type=media_type,
        start_ms=start_ms,
        duration_ms=segment.duration_ms,
        received_at=iso(received),
        prev=prev,
    )


def columns(leaf: Leaf, position: int, received: datetime, late: bool) -> dict[str, Any]:
    """The values of its `SegmentRow`."""
    values = leaf.fields()
    del values["v"]
    values["unit_id"], values["take_id"] = values.pop("unit"), values.pop("take")
    return values | {"position": position, "received_at": received, "late": late, "leaf_hash": leaf.hash()}
