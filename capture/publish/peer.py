"""One publisher's WebRTC connection: SDP, ICE and DTLS by the library, RTP and RTCP by our own reception.

Guarantee: whatever arrives, `Peer` calls back with whole frames or not at all; a failure ends this peer only.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence

import structlog
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceCandidate,
    RTCPeerConnection,
    RTCSessionDescription,
)
from pylibsrtp import Session

from capture.errors import OfferGarbled
from capture.media.frames import Codec, EncodedFrame
from capture.publish.sdp import Candidate, Offer, finish_answer
from capture.receive import aiortc_hooks as hooks
from capture.receive.port import Guest
from capture.receive.reception import Formats, Reception
from capture.receive.rounds import Rounds
from capture.receive.track import Events

log = structlog.get_logger()

CLOSE_TIMEOUT_S = 5.0
REMOTE_CANDIDATES_MAX = 64  # per ingest


class Peer:
    """`on_frame` gets every whole frame. `on_loss` is called for each packet while video waits for a
    keyframe. `on_report` as in `Events`. `on_round_trip` gets the microseconds that a STUN request and its
    response took. `on_gone` is called when the connection ends by itself.

    All callbacks run on the event loop.
    """

    def __init__(
        self,
        ingest_id: str,
        offer: Offer,
        *,
        rounds: Rounds,
        on_frame: Callable[[EncodedFrame], None],
        on_loss: Callable[[], None],
        on_report: Callable[[Codec, int, int, int], None],
        on_round_trip: Callable[[int], None],
        on_gone: Callable[[], None],
    ) -> None:
        self.connected = False
        self._id = ingest_id
        self._offer = offer
        self._rounds = rounds
        self._port = rounds.port
        self._on_round_trip = on_round_trip
        self._on_gone = on_gone
        self._candidates = 0
        self._closing = False
        self._guest: Guest | None = None
        self._outbound: Session | None = None
        self._reception = Reception(
            Formats(offer.video, offer.video_payload, offer.again_payload, offer.audio_payload),
            self._port.buffer,
            Events(on_frame, on_loss, on_report, lambda: rounds.expect(self._reception)),
            send=self._send,
            ssrc=secrets.randbits(32),
            cname=secrets.token_urlsafe(12),
        )
        self._reception.heard_s = time.monotonic()
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        hooks.allow_rsa(self._connection)

    @property
    def heard_s(self) -> float:
        """When an authentic packet last came, of `time.monotonic`."""
        return self._reception.heard_s

    @property
    def packets(self) -> int:
        return self._reception.packets

    @property
    def sounds_lost(self) -> int:
        """Packets of sound that did not come."""
        return self._reception.sounds_lost

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
            hooks.silence(transceiver.receiver)
        agent = hooks.agent_of(hooks.video_receiver(connection))
        self._guest = self._port.admit(
            agent, self._reception.datagram, lambda: self._reception.heard_s, self._on_round_trip
        )
        self._rounds.add(self._reception)
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
        self._reception.ask_keyframe(self._offer.video_ssrc)

    def flush(self) -> None:
        """Delivers the frames that are whole, of what has come until now. Nothing is delivered afterwards."""
        self._rounds.port.read()
        self._reception.close()

    async def close(self) -> None:
        """Ends the connection; never raises, never lasts longer than CLOSE_TIMEOUT_S."""
        self._closing = True
        self._rounds.remove(self._reception)
        try:
            await asyncio.wait_for(self._connection.close(), CLOSE_TIMEOUT_S)
        except Exception:
            log.warning("ingest.close-failed", ingest=self._id, exc_info=True)
        if self._guest is not None:
            self._port.dismiss(self._guest)

    def _send(self, data: bytes) -> None:
        if self._outbound is not None and self._guest is not None:
            hooks.send(self._guest.agent, self._outbound.protect_rtcp(data))

    def _state_changed(self) -> None:
        state = self._connection.connectionState
        if self._closing:
            return
        log.info("ingest.connection", ingest=self._id, state=state)
        if state == "connected":
            self.connected = True
            inbound, self._outbound = hooks.sessions_of(hooks.video_receiver(self._connection))
            inbound_in_place = hooks.in_place(inbound, self._port.buffer)
            self._reception.secure(inbound_in_place, time.monotonic())
        elif state in ("failed", "closed"):
            self._on_gone()
