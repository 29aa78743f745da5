"""A standard WebRTC stack publishes: another sender than Chromium, and the ways in which a take ends."""

import asyncio
import os
import re
import socket
import statistics
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import httpx2
import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack
from aiortc.rtcdtlstransport import RTCCertificate, generate_certificate
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pylibsrtp._binding import lib

from capture.publish.ingest import Patience
from capture.publish.ingests import Ingests
from capture.receive import aiortc_hooks
from capture.receive.delivery import Address
from capture.recorder import MemoryRecorder
from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause
from tests.bench import meters
from tests.media.decoded import Decoded, check_take
from tests.media.site import TIMEOUT_S, Site, running_site
from tests.support.media_port import stand_before

pytestmark = pytest.mark.live

CERTIFICATES = "_RTCPeerConnection__certificates"  # private to the library
LOST_EVERY = 41  # packets; what is sent again is lost again
HOLE_MS = 200
RECOVERY_MS_MAX = 1_900  # waiting for the packet, asking for a keyframe, getting it
KEYS: dict[str, Callable[[], Any]] = {
    "ECDSA": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
}


class Moving(VideoStreamTrack):
    """A grey picture that changes with time."""

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        image = np.full((120, 160, 3), (pts // 3000 * 8) % 256, np.uint8)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = pts, Fraction(time_base)
        return frame


class Publisher:
    """An aiortc WHIP client, with a certificate of its own making or one for `key`."""

    def __init__(
        self,
        site: Site,
        token: str,
        codec: str,
        *extra: MediaStreamTrack,
        again: bool = True,
        key: Any = None,
    ) -> None:
        self.site, self.token = site, token
        self.connection = RTCPeerConnection()
        if key is not None:
            certificate = RTCCertificate(key, generate_certificate(key))
            setattr(self.connection, CERTIFICATES, [certificate])
            aiortc_hooks.allow_rsa(self.connection)
        for track in (Moving(), *extra):
            transceiver = self.connection.addTransceiver(track, direction="sendonly")
            if track.kind == "video":
                known = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([c for c in known if c.name in (codec, again and "rtx")])
        self.location = ""

    async def publish(self) -> None:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        async with httpx2.AsyncClient() as client:
            response = await client.post(
                f"{self.site.url}/whip",
                content=self.connection.localDescription.sdp,
                headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {self.token}"},
            )
        assert response.status_code == 201, response.text
        self.location = response.headers["location"]
        await self.connection.setRemoteDescription(RTCSessionDescription(response.text, "answer"))

    def vanish(self) -> None:
        """Stops answering without a word, as a machine does whose cable is pulled."""
        for sender in self.connection.getSenders():
            for protocol in sender.transport.transport._connection._protocols:
                protocol.transport.abort()


async def takes_are(site: Site, number: int) -> None:
    """Waits for this many takes of the webcam."""
    await site.until(lambda: len(site.takes(Stream.WEBCAM)) == number)


def patient(site: Site, silent_s: float, connect_s: float = 30.0) -> None:
    site.ingests._patience = Patience(connect_s=connect_s, silent_s=silent_s)


@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_an_aiortc_publisher_is_recorded(codec: str) -> None:
    """Pictures and sound of another stack than Chromium's decode without error, and abut."""

    async def scenario() -> None:
        async with running_site() as site:
            publisher = Publisher(site, "webcam", codec, AudioStreamTrack())
            await publisher.publish()
            await site.until(lambda: any(len(take.segments) >= 2 for take in site.takes(Stream.WEBCAM)))
            await site.ingests.close()
            await publisher.connection.close()
            (take,) = site.takes(Stream.WEBCAM)
            assert take.media_type.endswith(',opus"')
            assert take.cause is EndCause.SERVER_STOPPED
            check_take(take)

    asyncio.run(scenario())


def test_a_publisher_with_a_certificate_of_rsa_is_recorded() -> None:
    """The other kind that WebRTC knows, beside ECDSA; GStreamer's is one."""

    async def scenario() -> None:
        async with running_site() as site:
            publisher = Publisher(site, "webcam", "VP8", key=KEYS["RSA"]())
            await publisher.publish()
            await site.until(lambda: any(take.segments for take in site.takes(Stream.WEBCAM)))
            await publisher.connection.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", KEYS)
def test_a_certificate_that_was_not_offered_is_refused(kind: str) -> None:
    """Of either kind: nothing is recorded of a publisher whose fingerprint is not the offer's."""

    async def scenario() -> None:
        async with running_site() as site:
            publisher = Publisher(site, "webcam", "VP8", key=KEYS[kind]())
            await publisher.connection.setLocalDescription(await publisher.connection.createOffer())
            honest = publisher.connection.localDescription.sdp
            offered = re.sub(r"(a=fingerprint:sha-256 )\S+", rf"\g<1>{':'.join(['00'] * 32)}", honest)
            ingest, answer = await site.ingests.publish("webcam", offered)
            await publisher.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await asyncio.wait_for(ingest.ended.wait(), TIMEOUT_S)
            assert publisher.connection.iceConnectionState == "completed"
            assert site.recorder.takes == {}
            await publisher.connection.close()

    asyncio.run(scenario())


def test_loss_that_is_not_repaired_costs_pictures_but_no_soundness() -> None:
    """Where packets stay lost, the next picture kept is a keyframe, asked for at once; all of it decodes."""

    async def scenario() -> None:
        async with running_site() as site:
            publisher = Publisher(site, "webcam", "VP8", AudioStreamTrack(), again=False)
            await publisher.publish()
            port = site.ingests.rounds.port

            def lossy(begin: int, length: int, source: Address, fileno: int, at_s: float, at_ms: int) -> None:
                data = port.buffer[begin : begin + length]
                is_rtp = 127 < data[0] < 192 and not 191 < data[1] < 224
                if not is_rtp or int.from_bytes(data[2:4], "big") % LOST_EVERY:
                    accept(begin, length, source, fileno, at_s, at_ms)

            accept = stand_before(port, lossy)
            await site.until(lambda: sum(len(take.segments) for take in site.takes(Stream.WEBCAM)) >= 3)
            await site.ingests.close()
            await publisher.connection.close()
            (take,) = site.takes(Stream.WEBCAM)
            shown: list[tuple[float, bool]] = []
            for segment in take.segments:
                content = Decoded(segment)
                assert content.errors == 0
                shown += [
                    (segment.start_unix_ms + t * 1000, k)
                    for t, k in zip(content.pts, content.keys, strict=True)
                ]
            holes = [(b - a, key) for (a, _), (b, key) in pairwise(shown) if b - a > HOLE_MS]
            assert holes
            assert all(key for _, key in holes)
            assert statistics.median(hole for hole, _ in holes) < RECOVERY_MS_MAX

    asyncio.run(scenario())


def test_a_connection_that_falls_silent_is_lost() -> None:
    """Without a packet for `silent_s` the take ends with what was whole; another ingest goes on."""

    async def scenario() -> None:
        async with running_site() as site:
            patient(site, silent_s=1.0)
            lost, other = Publisher(site, "webcam", "VP8"), Publisher(site, "phone", "VP8")
            await lost.publish()
            await other.publish()
            await site.until(lambda: len(site.recorder.takes) == 2)
            lost.vanish()
            await site.until(lambda: site.takes(Stream.WEBCAM)[0].cause)
            (take,) = site.takes(Stream.WEBCAM)
            assert take.cause is EndCause.CONNECTION_LOST
            assert take.segments
            await site.until(lambda: site.takes(Stream.PHONE)[0].segments)
            assert site.takes(Stream.PHONE)[0].cause is None
            await lost.connection.close()
            await other.connection.close()

    asyncio.run(scenario())


def test_a_finished_session_ends_its_ingests() -> None:
    """What was recorded until then is stored; the take says why it ended; the other session goes on."""

    async def scenario() -> None:
        async with running_site() as site:
            ours, other = Publisher(site, "webcam", "VP8"), Publisher(site, "other", "VP8")
            await ours.publish()
            await other.publish()
            await site.until(lambda: len(site.recorder.takes) == 2)
            site.recorder.over.add("session-1")
            await site.until(lambda: any(take.cause for take in site.recorder.takes.values()))
            ended = [take for take in site.recorder.takes.values() if take.cause]
            assert [(take.grant.session_id, take.cause) for take in ended] == [
                ("session-1", EndCause.SESSION_ENDED)
            ]
            assert ended[0].segments
            await ours.connection.close()
            await other.connection.close()

    asyncio.run(scenario())


def test_what_came_before_the_goodbye_is_recorded() -> None:
    """Also what came since the port was last read."""

    async def scenario() -> None:
        async with running_site() as site:
            publisher = Publisher(site, "webcam", "VP8")
            await publisher.publish()
            await site.until(lambda: any(take.segments for take in site.takes(Stream.WEBCAM)))
            (ingest,) = site.ingests._by_id.values()
            timer = site.ingests.rounds._timer
            assert timer is not None
            timer.cancel()

            async def sent() -> int:
                stats = await publisher.connection.getStats()
                return sum(one.packetsSent for one in stats.values() if one.type == "outbound-rtp")

            before = await sent()
            while await sent() < before + 3:  # noqa: ASYNC110 - the library offers no event
                await asyncio.sleep(0.01)
            unread = await sent() - ingest._peer.packets
            await ingest.finish(EndCause.STOPPED)
            assert unread > 0
            assert ingest._peer.packets >= before + 3
            await publisher.connection.close()

    asyncio.run(scenario())


def test_a_publisher_that_left_leaves_nothing() -> None:
    """No task, no open file, no state at the port, however often one comes."""

    def held() -> Counter[str]:
        return Counter(tasks=len(asyncio.all_tasks()), files=meters.open_files(os.getpid()))

    async def scenario() -> None:
        async with running_site() as site:
            rounds = site.ingests.rounds
            most: Counter[str] = Counter()
            for number in (1, 2, 3):
                publisher = Publisher(site, "webcam", "VP8", AudioStreamTrack())
                await publisher.publish()
                await takes_are(site, number)
                await site.until(lambda: site.takes(Stream.WEBCAM)[-1].segments)
                (ingest,) = site.ingests._by_id.values()
                await ingest.finish(EndCause.STOPPED)
                await publisher.connection.close()
                async with asyncio.timeout(TIMEOUT_S):
                    while (most and not held() <= most) or len(site.ingests):  # noqa: ASYNC110 - nothing tells of a task's end
                        await asyncio.sleep(0.01)
                most = most or held()
                assert not rounds._slot_of
                assert not rounds.port._guests
                assert not rounds.port._routes

    asyncio.run(scenario())


def test_a_publisher_that_closes_without_a_goodbye() -> None:
    """A DTLS close without DELETE is put down to the connection, and the last pictures are kept."""

    async def scenario() -> None:
        async with running_site() as site:
            publisher = Publisher(site, "screen", "VP8")
            await publisher.publish()
            await site.until(lambda: site.recorder.takes)
            await publisher.connection.close()
            await site.until(lambda: site.takes(Stream.SCREEN)[0].cause)
            (take,) = site.takes(Stream.SCREEN)
            assert take.cause is EndCause.CONNECTION_LOST
            assert take.segments

    asyncio.run(scenario())


def test_stray_datagrams_end_nothing() -> None:
    """Empty, oversized and random datagrams from a stranger leave a recording as it is."""

    async def scenario() -> None:
        async with running_site() as site:
            publisher = Publisher(site, "webcam", "VP8")
            await publisher.publish()
            await site.until(lambda: site.recorder.takes)
            address = ("127.0.0.1", site.ingests.media_port)
            stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for datagram in (b"", bytes(8000), b"\x80" * 40, b"\x16" * 100, b"\x00" * 20, bytes(range(256))):
                stranger.sendto(datagram, address)
            stranger.close()
            await site.until(lambda: len(site.takes(Stream.WEBCAM)[0].segments) >= 2)
            assert site.takes(Stream.WEBCAM)[0].cause is None
            await site.ingests.close()
            await publisher.connection.close()
            (take,) = site.takes(Stream.WEBCAM)
            check_take(take)

    asyncio.run(scenario())


def test_a_peer_that_never_connects_is_forgotten() -> None:
    """An offer without a publisher behind it holds its place for `connect_s` only."""

    async def scenario() -> None:
        async with running_site() as site:
            patient(site, silent_s=10.0, connect_s=0.5)
            publisher = Publisher(site, "webcam", "VP8")
            await publisher.connection.setLocalDescription(await publisher.connection.createOffer())
            ingest, _ = await site.ingests.publish("webcam", publisher.connection.localDescription.sdp)
            await asyncio.wait_for(ingest.ended.wait(), TIMEOUT_S)
            assert site.recorder.takes == {}
            await publisher.connection.close()

    asyncio.run(scenario())


def test_the_private_parts_we_use_are_there() -> None:
    """The pinned libraries have what the hooks replace; a new version that has not shows here first."""

    async def scenario() -> None:
        async with running_site() as site:
            publisher = Publisher(site, "webcam", "VP8")
            await publisher.publish()
            (ingest,) = site.ingests._by_id.values()
            await site.until(lambda: site.recorder.takes)
            receiver = aiortc_hooks.video_receiver(ingest._peer._connection)
            agent = aiortc_hooks.agent_of(receiver)
            (pair,) = agent._nominated.values()
            way: Any = pair.protocol.transport
            assert pair.remote_addr == way._guest.addresses.copy().pop()
            for name in (
                "_local_candidates_start",
                "_local_candidates_end",
                "_local_candidates",
                "_protocols",
                "_components",
                "_queue",
            ):
                assert hasattr(agent, name), name
            for name in ("gather_candidates", "data_received", "get_component_candidates"):
                assert callable(getattr(type(agent), name)), name
            (certificate,) = getattr(ingest._peer._connection, CERTIFICATES)
            assert callable(getattr(type(certificate), "_create_ssl_context", None))
            plain = type(receiver)("video", receiver.transport)
            for name in (
                "rtcp_ssrc",
                "decoder_queue",
                "remote_bitrate_estimator",
                "rtcp_started",
                "rtcp_exited",
            ):
                assert hasattr(plain, f"_RTCRtpReceiver__{name}"), name
            assert callable(plain._run_rtcp)
            for session in (receiver.transport._rx_srtp, receiver.transport._tx_srtp):
                assert session._srtp[0]
            for name in ("srtp_unprotect", "srtp_unprotect_rtcp"):
                assert callable(getattr(lib, name)), name
            await publisher.connection.close()

    asyncio.run(scenario())


def test_ingests_need_no_stub_of_time() -> None:
    """By default the server's own clock and addresses are used, loopback among them."""
    assert "127.0.0.1" in Ingests(MemoryRecorder({})).rounds.port.addresses
