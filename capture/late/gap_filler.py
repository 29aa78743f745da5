"""Fills the gaps of a stream from late pieces: parses each one, cuts it to what is missing, stores that.

A stream has one late take while its page sends. The take ends when the page has no more pieces, or sends
nothing for IDLE_S. The pieces of one stream are processed in turn, each after everything accepted earlier is
committed. So the gaps are known, and a piece that is sent twice finds no gap the second time.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

import structlog

from capture.cut.open_piece import STILL_MS_MAX
from capture.late.cut import AUDIO_TICKS_PER_MS, cut
from capture.late.recorder import LateRecorder
from capture.media import webm
from capture.media.opus import duration_ticks
from capture.media.piece import TICKS_PER_MS, Piece
from capture.media.webm_read import Recorded, read
from capture.pace import Pace
from capture.recorder import Grant, MediaSegment
from proctoring.errors import CoreError, Unavailable, WrongState
from proctoring.recordings.late import Missing, check_claim
from proctoring.recordings.spans import Span, fillable

log = structlog.get_logger()

PIECE_BYTES_MAX = 8 << 20
PIECE_MS_MAX = 90_000  # a page in the background is slow to begin its next one
AT_ONCE_MAX = 16  # pieces in memory, of all streams
REQUESTS_AT_ONCE_MAX = 1000  # of one stream: an hour of pieces, and some
REQUEST_EVERY_S = 0.1
IDLE_S = 60.0
SWEEP_S = 5.0


@dataclass(slots=True)
class _Take:
    id: str
    media_type: str
    stored: int = 0


@dataclass(slots=True)
class _Stream:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    take: _Take | None = None
    used_s: float = 0.0


class GapFiller:
    """Fills the gaps of every stream whose page sends to this process; at most AT_ONCE_MAX pieces in
    memory."""

    def __init__(self, recorder: LateRecorder) -> None:
        self._recorder = recorder
        self._streams: dict[Grant, _Stream] = {}
        self._at_once = 0
        self._pace = Pace(REQUESTS_AT_ONCE_MAX, REQUEST_EVERY_S)
        self._sweeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._sweeping = asyncio.create_task(self._sweep(), name="late-takes")

    async def close(self) -> None:
        """Ends the open late takes."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeping
        for stream in self._streams.values():
            await self._end(stream)

    async def admit(self, token: str) -> Grant:
        """The stream that this token allows to fill. Raises TokenRefused, TooMany."""
        grant = await self._recorder.admit(token)
        self._pace.demand_turn(grant)
        return grant

    async def announce(self, grant: Grant, holding: bool) -> Missing:
        """See `LateRecorder.announce`. A page that holds nothing more ends its late take."""
        stream = self._streams.get(grant)
        if not holding and stream is not None:
            async with stream.lock:
                await self._end(stream)
        return await self._recorder.announce(grant, holding)

    async def fill(self, grant: Grant, start_unix_ms: int, duration_ms: int, data: bytes) -> int:
        """Stores what the gaps lack of this file. Returns the milliseconds stored; 0 when nothing was
        missing.

        Raises BadPayload for a file that cannot be parsed, Invalid for an impossible time, WrongState once
        the stream is closed, and Unavailable.
        """
        if self._at_once >= AT_ONCE_MAX:
            raise Unavailable("Many pages send at once what they hold.", "Try again in a few seconds.")
        stream = self._streams.setdefault(grant, _Stream())
        self._at_once += 1
        try:
            async with stream.lock:
                stream.used_s = time.monotonic()
                return await self._fill(grant, stream, start_unix_ms, duration_ms, data)
        finally:
            self._at_once -= 1

    async def _fill(
        self, grant: Grant, stream: _Stream, start_unix_ms: int, duration_ms: int, data: bytes
    ) -> int:
        recorded = await asyncio.to_thread(read, data)
        missing = await self._recorder.missing(grant)
        if not missing.open:
            raise WrongState("The recording is closed; nothing more is accepted.", "Delete what you hold.")
        span = Span(start_unix_ms, start_unix_ms + min(duration_ms, _shown_ms(recorded)))
        check_claim(missing, span)
        kept_ms = 0
        for stretch in fillable(missing.gaps, span):
            piece = cut(recorded, start_unix_ms, stretch)
            if piece is not None:
                await self._store(grant, stream, piece)
                kept_ms += stretch.length_ms
        await self._recorder.committed(missing.unit_id)
        return kept_ms

    async def _store(self, grant: Grant, stream: _Stream, piece: Piece) -> None:
        if stream.take is not None and stream.take.media_type != piece.media_type:
            await self._end(stream)
        take = stream.take
        if take is None:
            take_id = await self._recorder.begin(grant, piece.media_type, piece.start_unix_ms)
            take = stream.take = _Take(take_id, piece.media_type)
            log.info("late-take.begun", take=take_id)
        data = await asyncio.to_thread(webm.write, piece)
        segment = MediaSegment(
            take.stored, piece.start_unix_ms, piece.duration_ms, data, absences=piece.absences
        )
        try:
            await self._recorder.store(take.id, segment)
        except WrongState as error:
            # This take is refused. Whether the stream is closed, the next try learns; it begins another take.
            await self._end(stream)
            raise Unavailable(error.detail, "Try again in a few seconds.") from error
        take.stored += 1

    async def _end(self, stream: _Stream) -> None:
        take, stream.take = stream.take, None
        if take is None:
            return
        try:
            await self._recorder.end(take.id)
            log.info("late-take.ended", take=take.id, segments=take.stored)
        except CoreError as error:
            # It stays open in the database; the next start ends it.
            log.error("late-take.end-failed", take=take.id, error=type(error).__name__)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            for grant, stream in list(self._streams.items()):
                if stream.lock.locked() or time.monotonic() - stream.used_s < IDLE_S:
                    continue
                try:
                    async with stream.lock:
                        await self._end(stream)
                except Exception:
                    log.exception("late-take.end-failed")
                if self._streams.get(grant) is stream and not stream.lock.locked():
                    del self._streams[grant]


def _shown_ms(recorded: Recorded) -> int:
    """Upper bound of the duration of the file's content, in milliseconds."""
    pictures = recorded.video[-1].ticks // TICKS_PER_MS + STILL_MS_MAX if recorded.video else 0
    if not recorded.audio:
        return pictures
    last = recorded.audio[-1]
    return max(pictures, (last.ticks + duration_ticks(last.data)) // AUDIO_TICKS_PER_MS)
