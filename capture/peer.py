"""One publisher's WebRTC connection: SDP, ICE and DTLS by the library, from RTP on our own depacketizers.

Guarantee: whatever arrives, `Peer` calls back with whole frames or not at all; a failure ends this peer only.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceCandidate,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.rtp import RtpPacket

from capture import aiortc_hooks as hooks
from capture.depacketize import Depacketizer, Packet
from capture.errors import OfferGarbled
from capture.frames import Codec, EncodedFrame
from capture.sdp import Candidate, Offer, finish_answer

log = structlog.get_logger()

CLOSE_TIMEOUT_S = 5.0
SOURCE_SILENT_MS = 1_000  # another SSRC may take a track over only once the present one is silent
REMOTE_CANDIDATES_MAX = 64  # per ingest


class Peer:
    """`on_frame` gets every whole frame; `on_loss` is called for each packet while video waits for a
    keyframe; `on_gone` when the connection ends by itself.

    `now_ms` is the server's Unix time in milliseconds. All callbacks run on the event loop.
    """

    def __init__(
        self,
        ingest_id: str,
        offer: Offer,
        *,
        addresses: Sequence[str],
        now_ms: Callable[[], int],
        on_frame: Callable[[EncodedFrame], None],
        on_loss: Callable[[], None],
        on_gone: Callable[[], None],
    ) -> None:
        self.heard_s = time.monotonic()
        self.connected = False
        self.packets = 0
        self._id = ingest_id
        self._offer = offer
        self._addresses = addresses
        self._now_ms = now_ms
        self._on_frame = on_frame
        self.on_loss = on_loss
        self._on_gone = on_gone
        self._candidates = 0
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._tracks: list[_Track] = []
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )

    async def answer(self) -> str:
        """Applies the offer and returns the SDP answer with all our candidates. Raises OfferGarbled."""
        connection = self._connection
        try:
            await connection.setRemoteDescription(RTCSessionDescription(self._offer.narrowed, "offer"))
        except Exception as error:
            # The library's parser raises whatever it stumbles over.
            log.info("ingest.offer-garbled", ingest=self._id, error=type(error).__name__)
            await self.close()
            raise OfferGarbled(
                "The session description cannot be applied.", "Send the offer as your WebRTC stack made it."
            ) from error
        for transceiver in connection.getTransceivers():
            codec = self._offer.video if transceiver.kind == "video" else Codec.OPUS
            track = _Track(self, transceiver.receiver, codec)
            self._tracks.append(track)
            hooks.divert(transceiver.receiver, track.take, self._heard)
        agent = hooks.connection_of(hooks.video_receiver(connection))
        hooks.listen_on(agent, self._addresses)
        hooks.guard_datagrams(agent)
        connection.on("connectionstatechange", self._state_changed)
        await connection.setLocalDescription(await connection.createAnswer())
        await self.add_candidates(self._offer.candidates)
        return finish_answer(connection.localDescription.sdp, self._offer)

    async def add_candidates(self, candidates: Sequence[Candidate]) -> None:
        """Adds the publisher's candidates, up to REMOTE_CANDIDATES_MAX in all."""
        for candidate in candidates[: REMOTE_CANDIDATES_MAX - self._candidates]:
            self._candidates += 1
            await self._connection.addIceCandidate(
                RTCIceCandidate(
                    component=1,
                    foundation=candidate.foundation,
                    ip=candidate.address,
                    port=candidate.port,
                    priority=candidate.priority,
                    protocol="udp",
                    type=candidate.type,
                    sdpMLineIndex=0,
                )
            )

    def ask_keyframe(self) -> None:
        """Asks the publisher for a keyframe."""
        for track in self._tracks:
            if track.codec.is_video and (ssrc := track.ssrc or self._offer.video_ssrc) is not None:
                self.spawn(hooks.ask_keyframe(track.receiver, ssrc))

    def flush(self) -> None:
        """Delivers the frames that are whole. Nothing is delivered afterwards."""
        for track in self._tracks:
            track.flush()
        self._tracks = []

    async def close(self) -> None:
        """Ends the connection; never raises, never lasts longer than CLOSE_TIMEOUT_S."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        try:
            await asyncio.wait_for(self._connection.close(), CLOSE_TIMEOUT_S)
        except Exception:
            log.warning("ingest.close-failed", ingest=self._id, exc_info=True)

    def deliver(self, frame: EncodedFrame) -> None:
        self._on_frame(frame)

    def now_ms(self) -> int:
        return self._now_ms()

    def _heard(self) -> None:
        self.heard_s = time.monotonic()

    def packet(self) -> None:
        self.packets += 1
        self._heard()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs work beside, for as long as this peer lives."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _state_changed(self) -> None:
        state = self._connection.connectionState
        if self._closing:
            return
        log.info("ingest.connection", ingest=self._id, state=state)
        if state == "connected":
            self.connected = True
            self._heard()
        elif state in ("failed", "closed"):
            self._on_gone()


class _Track:
    """One receiver's packets into frames. Follows one SSRC at a time."""

    def __init__(self, peer: Peer, receiver: RTCRtpReceiver, codec: Codec) -> None:
        self.receiver = receiver
        self.codec = codec
        self.ssrc: int | None = None
        self._peer = peer
        self._depacketizer = Depacketizer(codec, peer.deliver)
        self._arrival_ms = 0
        self._stopped = False

    def take(self, packet: RtpPacket) -> None:
        if self._stopped:
            return
        now_ms = self._peer.now_ms()
        self._peer.packet()
        if packet.ssrc != self.ssrc:
            if self.ssrc is not None and now_ms - self._arrival_ms < SOURCE_SILENT_MS:
                return
            if self.ssrc is not None:
                self._depacketizer.flush()
                self._depacketizer = Depacketizer(self.codec, self._peer.deliver)
            self.ssrc = packet.ssrc
        self._arrival_ms = now_ms
        self._depacketizer.push(
            Packet(packet.sequence_number, packet.timestamp, bool(packet.marker), packet.payload, now_ms)
        )
        if self._depacketizer.wants_keyframe:
            self._peer.on_loss()
        if missing := self._depacketizer.to_ask_again(now_ms):
            self._peer.spawn(hooks.ask_again(self.receiver, self.ssrc, missing))

    def flush(self) -> None:
        self._stopped = True
        self._depacketizer.flush()
