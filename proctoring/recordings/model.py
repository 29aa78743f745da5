"""Recordings of a session, in integer milliseconds since the session's start."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from proctoring.units.model import UnitKind

GAP_MS_MIN = 200  # a shorter stretch without a segment is not worth a record, nor a late piece
BEGIN_SLACK_MS = 5_000  # streams that begin within this time began together: that is no gap


STORED_LAG_MAX = timedelta(seconds=8)
"""How far behind now the end of what is stored of a stream may lie while it is said to be recorded. A segment
of about 4 s and its way to the disk take less. A page that asks every 2 s is right again within 10 s."""

GONE_AFTER = timedelta(seconds=30)
"""How long nothing of any stream has been recorded before staff are told that the candidate is gone."""
UNHEARD = timedelta(minutes=3)
"""After this long without a word of its process, an open take says nothing: that process is not there."""


class GapReason(StrEnum):
    """Who a missing stretch is put down to. Neutral, all of them."""

    NETWORK = "network"
    DEVICE = "device"
    CANDIDATE = "candidate"
    SERVER = "server"


class EndCause(StrEnum):
    """Why a take ended, or why there was none; each is put down to one reason by `gap_reason`."""

    STOPPED = "stopped"  # the publisher said goodbye
    SHARING_ENDED = "sharing-ended"
    DEVICE_LOST = "device-lost"
    CONNECTION_LOST = "connection-lost"
    REPLACED = "replaced"  # a newer publish of the same stream took over
    MEDIA_BROKEN = "media-broken"  # what arrived could not be cut into segments
    SERVER_STOPPED = "server-stopped"
    STORE_FAILED = "store-failed"
    SESSION_ENDED = "session-ended"
    NOT_BEGUN = "not-begun"  # another stream of the session was recorded already; ends no take
    NO_KEYFRAME = "no-keyframe"  # pictures came, and for long none of them that decodes alone
    NOT_STORABLE = "not-storable"  # what the device sends is of a kind that cannot be stored
    SOUND_LOST = "sound-lost"  # sound was sent and did not arrive
    SOUND_MISSING = "sound-missing"  # the microphone gave nothing


IN_VAIN = frozenset({EndCause.NO_KEYFRAME, EndCause.NOT_STORABLE})
"""Pictures came, and none could be stored: why nothing of a take is."""


def is_recorded(stored_until: datetime | None, now: datetime) -> bool:
    """Whether a stream with an open take is recorded: its stored media, sealed and on disk, reach to
    `stored_until`, at most STORED_LAG_MAX before `now`. None: nothing of the take is stored. A connection
    alone is no recording."""
    return stored_until is not None and now - stored_until <= STORED_LAG_MAX


def gone_since(stored_until: datetime, heard_at: datetime | None, now: datetime) -> datetime | None:
    """Since when the candidate of a session that records is gone; None while they are there.

    `stored_until`: where what is stored of any stream ends, else the start. `heard_at`: when a capture
    process last spoke for an open take of the session; None without one: that may wait for its commit.

        open take, heard of within   stored until        gone
        UNHEARD                      whenever            no
        –                            within GONE_AFTER   no
        –                            before              since then
    """
    if heard_at is not None and now - heard_at < UNHEARD:
        return None
    return stored_until if now - stored_until >= GONE_AFTER else None


class GapPart(StrEnum):
    """Which part of a stream is missing in a gap."""

    ALL = "all"  # there is no segment; only this may be filled later
    PICTURE = "picture"  # there are segments, with sound alone
    SOUND = "sound"  # there are segments, without sound


_REASONS = {
    EndCause.STOPPED: GapReason.CANDIDATE,
    EndCause.SHARING_ENDED: GapReason.CANDIDATE,
    EndCause.SESSION_ENDED: GapReason.CANDIDATE,
    EndCause.DEVICE_LOST: GapReason.DEVICE,
    EndCause.MEDIA_BROKEN: GapReason.DEVICE,
    EndCause.NOT_BEGUN: GapReason.DEVICE,
    EndCause.NO_KEYFRAME: GapReason.DEVICE,
    EndCause.NOT_STORABLE: GapReason.DEVICE,
    EndCause.SOUND_MISSING: GapReason.DEVICE,
    EndCause.CONNECTION_LOST: GapReason.NETWORK,
    EndCause.REPLACED: GapReason.NETWORK,
    EndCause.SOUND_LOST: GapReason.NETWORK,
    EndCause.SERVER_STOPPED: GapReason.SERVER,
    EndCause.STORE_FAILED: GapReason.SERVER,
}


def gap_reason(cause: EndCause) -> GapReason:
    """To whom a gap of this cause is put down."""
    return _REASONS[cause]


@dataclass(frozen=True, slots=True)
class Take:
    """One uninterrupted publish of a stream, or what one process took of a log. `number` counts from 1
    within the unit."""

    id: str
    unit_id: str
    session_id: str
    stream: UnitKind  # a stream, a log, or the identity card: each image of it is a take
    number: int
    media_type: str  # e.g. 'video/mp4; codecs="avc1.42e01f,opus"'
    start_ms: int
    end_ms: int  # end of its last stored segment so far
    started_at: datetime
    ended_at: datetime | None
    end_cause: EndCause | None


@dataclass(frozen=True, slots=True)
class Segment:
    """One stored piece that plays alone. `position` counts from 0 within the stream's manifest, `seq`
    from 0 within its take."""

    unit_id: str
    take_id: str
    seq: int
    position: int
    ct_len: int
    start_ms: int
    duration_ms: int
    received_at: datetime
    late: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of a stream with no segment, or in whose segments a part is missing. `end_ms` is None while
    it lasts."""

    unit_id: str
    start_ms: int
    end_ms: int | None
    reason: GapReason
    cause: EndCause
    part: GapPart = GapPart.ALL


def tell_gap(gap_id: str, gap: Gap) -> str:
    """A gap as the ledger tells it: id, start, end (`-` while it lasts), cause, part, joined by `/`."""
    end = "-" if gap.end_ms is None else gap.end_ms
    return f"{gap_id}/{gap.start_ms}/{end}/{gap.cause.value}/{gap.part.value}"


def read_gap(told: str, unit_id: str) -> tuple[str, Gap]:
    """The id and the gap of what `tell_gap` wrote. Raises ValueError."""
    gap_id, start, end, cause, part = told.split("/")
    end_ms = None if end == "-" else int(end)
    why = EndCause(cause)
    return gap_id, Gap(unit_id, int(start), end_ms, gap_reason(why), why, GapPart(part))
