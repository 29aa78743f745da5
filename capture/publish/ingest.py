"""One ingest: a peer's frames through the segmenter to the writer, watched for silence, ended once.

state      frame   connected  silent/gone/limit  finish
waiting    –       recording  finishing          finishing
recording  pieces  –          finishing          finishing
finishing  –       –          –                  (waits for the first)
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from capture.clock.deviceclock import DeviceClock
from capture.cut.cutting import Cutting
from capture.cut.segmenter import Segmenter
from capture.cut.waiting import Waiting
from capture.cut.writer import Writer
from capture.media.frames import Codec
from capture.media.piece import Piece
from capture.publish.peer import Peer
from capture.publish.same_stream import Asker, gives_way
from capture.publish.sdp import Candidate, Offer
from capture.receive.rounds import Rounds
from capture.recorder import Grant, Recorder
from proctoring.recordings.model import EndCause

log = structlog.get_logger()

DOUBTFUL_S = 2.0  # when replaced after this long a silence, the connection was lost before
FLUSH_S = 30.0  # how long the store may take for what was accepted


_UNREAD = {Codec.H264: "video/mp4", Codec.VP8: "video/webm"}  # media types of a take without a segment
_BROKEN = frozenset({EndCause.MEDIA_BROKEN, EndCause.STORE_FAILED})
_WAS_THERE = frozenset(
    {
        EndCause.STOPPED,
        EndCause.SHARING_ENDED,
        EndCause.DEVICE_LOST,
        EndCause.SESSION_ENDED,
        EndCause.SERVER_STOPPED,
    }
)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: until a peer has to be connected; without a packet until its connection counts as lost.

    Watched twice a second, a silent publisher's take ends within 5 s of its last packet.
    """

    connect_s: float = 30.0
    silent_s: float = 4.5


class Ingest:
    """A publisher's WHIP resource. `on_end(self)` is called once, when it is wholly ended."""

    def __init__(
        self,
        ingest_id: str,
        token: str,
        grant: Grant,
        offer: Offer,
        recorder: Recorder,
        *,
        asker: Asker,
        rounds: Rounds,
        device: DeviceClock,
        now_ms: Callable[[], int],
        first_target_ms: int,
        patience: Patience,
        waiting: Waiting,
    ) -> None:
        self.id = ingest_id
        self.grant = grant
        self.asker = asker
        self.offer = offer
        self.etag = f'"{ingest_id[:12]}"'
        self.ended = asyncio.Event()
        self.failures = 0
        self.patches = 0
        self.unstorable = False
        self._token_digest = hashlib.sha256(token.encode()).digest()
        self._now_ms = now_ms
        self._patience = patience
        self._since_s = time.monotonic()
        self._finishing: asyncio.Task[None] | None = None
        self._writer = Writer(ingest_id, grant, recorder, self.finish_soon, waiting)
        segmenter = Segmenter(
            first_target_ms=first_target_ms,
            expects_audio=offer.audio,
            device=device,
            codec=offer.video,
            sets=offer.parameter_sets,
        )
        cutting = self._cutting = Cutting(
            segmenter,
            put=self._put,
            ask=self._ask_keyframe,
            opened=self._writer.open,
            unreadable=self._unreadable,
            broken=self._media_broken,
        )
        self._peer = Peer(
            ingest_id,
            offer,
            rounds=rounds,
            on_frame=cutting.frame,
            on_loss=lambda: cutting.lost(now_ms()),
            on_report=cutting.report,
            on_round_trip=device.round_trip,
            on_gone=lambda: self.finish_soon(EndCause.CONNECTION_LOST),
        )

    @property
    def clock_steps(self) -> int:
        """How often a clock of the publisher stopped or leapt."""
        return self._cutting.steps

    @property
    def sounds_lost(self) -> int:
        """Packets of sound that did not come; each is silence in what is stored."""
        return self._peer.sounds_lost

    def is_for(self, token: str) -> bool:
        """Whether this is the token that opened the ingest, told in constant time."""
        return hmac.compare_digest(self._token_digest, hashlib.sha256(token.encode()).digest())

    async def answer(self) -> str:
        """The SDP answer. Raises OfferGarbled; the ingest has then ended."""
        try:
            return await self._peer.answer()
        except BaseException:
            await self.finish(EndCause.MEDIA_BROKEN)
            raise

    def follow(self, earlier: "Ingest") -> None:
        """Takes the place of an earlier ingest of the same stream: nothing is begun before that has ended."""
        self._writer.wait_for(earlier.ended)
        earlier.finish_soon(earlier._when_replaced())

    async def add_candidates(self, candidates: Sequence[Candidate]) -> None:
        await self._peer.add_candidates(candidates)

    def watch(self) -> None:
        """To be called about twice a second: ends what never connected or fell silent, asks for keyframes."""
        now_s = time.monotonic()
        if self._finishing is not None:
            return
        if not self._peer.connected:
            if now_s - self._since_s > self._patience.connect_s:
                self.finish_soon(EndCause.CONNECTION_LOST)
        elif now_s - self._peer.heard_s > self._patience.silent_s:
            self.finish_soon(EndCause.CONNECTION_LOST)
        else:
            self._cutting.look(self._now_ms())

    def finish_soon(self, cause: EndCause) -> None:
        """Begins to end the ingest; the first cause counts."""
        if self._finishing is None:
            self._finishing = asyncio.ensure_future(self._finish(cause))

    async def finish(self, cause: EndCause) -> None:
        """Ends the ingest: what is whole is stored, the take ended, the connection closed."""
        self.finish_soon(cause)
        await self.ended.wait()

    def makes_room(self, later: Asker) -> bool:
        """Whether a later publisher of the stream may take this one's place."""
        return self._finishing is not None or gives_way(self.asker, self._silent_s, later)

    @property
    def _silent_s(self) -> float:
        return time.monotonic() - self._peer.heard_s

    def _when_replaced(self) -> EndCause:
        return EndCause.CONNECTION_LOST if self._silent_s > DOUBTFUL_S else EndCause.REPLACED

    def _put(self, piece: Piece) -> None:
        if not self._writer.put(piece):
            self.finish_soon(EndCause.STORE_FAILED)

    def _ask_keyframe(self) -> None:
        self._peer.ask_keyframe()

    def _unreadable(self) -> None:
        """Pictures come that cannot be stored as they are sent; sound goes on to be."""
        self.unstorable = True
        log.warning("ingest.not-storable", ingest=self.id, codec=self.offer.video.value)
        if not self.offer.audio:
            self._writer.open(_UNREAD[self.offer.video], self._now_ms())
            self.finish_soon(EndCause.NOT_STORABLE)

    def _tell_in_vain(self, cause: EndCause) -> EndCause:
        """A take of which nothing could be stored ends for that reason, so that its gap has it."""
        vain = self._cutting.in_vain(self._now_ms())
        if vain is None or cause in _BROKEN:
            return cause
        why, since_ms = vain
        log.warning("ingest.in-vain", ingest=self.id, cause=why)
        self._writer.open(_UNREAD[self.offer.video], since_ms)
        return why

    def _media_broken(self, error: Exception) -> None:
        self.failures += 1
        log.error("ingest.media-broken", ingest=self.id, exc_info=error)
        self.finish_soon(EndCause.MEDIA_BROKEN)

    async def _finish(self, cause: EndCause) -> None:
        log.info("ingest.finishing", ingest=self.id, cause=cause)
        try:
            self._peer.flush()
            self._cutting.flush(self._now_ms() if cause in _WAS_THERE else None)
            cause = self._tell_in_vain(cause)
            closing = asyncio.ensure_future(self._peer.close())
            await self._writer.finish(cause, FLUSH_S)
            await closing
        except Exception:
            self.failures += 1
            log.exception("ingest.finish-failed", ingest=self.id)
        finally:
            self.ended.set()
