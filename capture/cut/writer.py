"""Carries finished pieces of one ingest to the recorder, in order, concurrently with the event loop's media
work.

Guarantees: an accepted piece is stored, or its failure is logged and ends the take with STORE_FAILED. The
queue is bounded in pieces and bytes. `end` is called for every `begin`, also when storing takes too long. The
recorder accepts pieces even while store and database are unreachable; the queue bridges a slow or full disk.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from capture.cut.waiting import Waiting
from capture.media import mux
from capture.media.piece import Piece
from capture.recorder import Grant, MediaSegment, Recorder
from proctoring.errors import CoreError, Unavailable, WrongState
from proctoring.recordings.model import EndCause

log = structlog.get_logger()

T = TypeVar("T")

QUEUE_PIECES_MAX = 16  # about a minute of a recorder that accepts nothing
QUEUE_BYTES_MAX = 64 << 20
RETRY_S = 1.0
END_S_MAX = 10.0


@dataclass(frozen=True, slots=True)
class _Begin:
    """The take begins, before its first piece is cut."""

    media_type: str
    start_unix_ms: int


@dataclass(frozen=True, slots=True)
class _Finish:
    """Nothing more comes."""

    cause: EndCause


@dataclass(slots=True)
class _Take:
    id: str
    media_type: str
    has_audio: bool
    end_unix_ms: int
    stored: int = 0


class Writer:
    """`on_failed` is called once, when nothing more can be stored, with the cause to end the ingest for.

    `waiting` counts what waits in all writers of the process.
    """

    def __init__(
        self,
        ingest_id: str,
        grant: Grant,
        recorder: Recorder,
        on_failed: Callable[[EndCause], None],
        waiting: Waiting | None = None,
    ) -> None:
        self._of_all = waiting or Waiting()
        self._id = ingest_id
        self._grant = grant
        self._recorder = recorder
        self._on_failed = on_failed
        self._after: asyncio.Event | None = None
        self._queue: asyncio.Queue[_Begin | Piece | _Finish] = asyncio.Queue()
        self._waiting_bytes = 0
        self._waiting = 0
        self._take: _Take | None = None
        self._failed: EndCause | None = None
        self._task = asyncio.ensure_future(self._run())

    def wait_for(self, earlier: asyncio.Event) -> None:
        """Begins nothing until then: the previous take of the stream ends first."""
        self._after = earlier

    def open(self, media_type: str, start_unix_ms: int) -> None:
        """Announces the take before its first piece is cut."""
        self._queue.put_nowait(_Begin(media_type, start_unix_ms))

    def put(self, piece: Piece) -> bool:
        """Accepts a piece, or says False: the queue is full or storing has failed."""
        size = piece.size
        if self._failed or self._waiting >= QUEUE_PIECES_MAX or self._waiting_bytes + size > QUEUE_BYTES_MAX:
            return False
        if not self._of_all.take(size):
            return False
        self._waiting += 1
        self._waiting_bytes += size
        self._queue.put_nowait(piece)
        return True

    async def finish(self, cause: EndCause, timeout_s: float) -> None:
        """Stores what was accepted, then ends the take. After `timeout_s` what is not stored is given up, and
        the take ends with STORE_FAILED."""
        self._queue.put_nowait(_Finish(cause))
        try:
            await asyncio.wait_for(self._task, timeout_s)
        except TimeoutError:
            log.error("ingest.unstored", ingest=self._id, pieces=self._waiting)
            try:
                await asyncio.wait_for(self._end(EndCause.STORE_FAILED), END_S_MAX)
            except TimeoutError:
                log.error("take.unended", ingest=self._id)
        self._of_all.let_go(self._waiting_bytes)
        self._waiting_bytes = 0

    async def _run(self) -> None:
        while await self._next():
            pass

    async def _next(self) -> bool:
        """Handles what is next; whether more may come. Nobody holds a piece any more when it returns."""
        item = await self._queue.get()
        if self._after is not None:
            await self._after.wait()
        if isinstance(item, _Finish):
            await self._end(self._failed or item.cause)
            return False
        try:
            if not self._failed:
                await self._handle(item)
        except WrongState:
            self._fail(EndCause.SESSION_ENDED)
        except Exception:
            log.exception("ingest.store-failed", ingest=self._id)
            self._fail(EndCause.STORE_FAILED)
        finally:
            if isinstance(item, Piece):
                self._waiting -= 1
                self._waiting_bytes -= item.size
                self._of_all.let_go(item.size)
        return True

    def _fail(self, cause: EndCause) -> None:
        self._failed = cause
        self._on_failed(cause)

    async def _handle(self, item: _Begin | Piece) -> None:
        if isinstance(item, Piece):
            await self._store(item)
        elif self._take is None:
            await self._begin(item.media_type, item.start_unix_ms)

    async def _begin(self, media_type: str, start_unix_ms: int) -> _Take:
        take_id = await self._patiently(lambda: self._recorder.begin(self._grant, media_type, start_unix_ms))
        self._take = _Take(take_id, media_type, media_type.endswith('opus"'), start_unix_ms)
        log.info("take.begun", ingest=self._id, take=take_id, media_type=media_type)
        return self._take

    async def _store(self, piece: Piece) -> None:
        take = self._take
        if take and take.has_audio and not piece.audio:
            piece = replace(piece, audio_track=True)
        if take and take.media_type != piece.media_type:
            await self._end(EndCause.REPLACED)
            take = None
        if take is None:
            take = await self._begin(piece.media_type, piece.start_unix_ms)
        segment = MediaSegment(
            take.stored,
            piece.start_unix_ms,
            piece.duration_ms,
            mux.write(piece),
            absences=piece.absences,
        )
        await self._patiently(lambda: self._recorder.store(take.id, segment))
        take.stored += 1
        take.end_unix_ms = piece.start_unix_ms + piece.duration_ms

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Tries again while the recorder is unavailable; the queue's bound and `finish` set the limit."""
        while True:
            try:
                return await work()
            except Unavailable:
                log.warning("ingest.store-unavailable", ingest=self._id, pieces=self._waiting)
                await asyncio.sleep(RETRY_S)

    async def _end(self, cause: EndCause) -> None:
        take, self._take = self._take, None
        if take is None:
            return
        try:
            await self._patiently(lambda: self._recorder.end(take.id, cause, take.end_unix_ms))
            log.info("take.ended", ingest=self._id, take=take.id, cause=cause, segments=take.stored)
        except CoreError as error:
            log.warning("take.end-refused", ingest=self._id, take=take.id, error=type(error).__name__)
        except Exception:
            log.exception("take.end-failed", ingest=self._id, take=take.id)
