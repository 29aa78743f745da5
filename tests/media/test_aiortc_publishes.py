"""A standard WebRTC stack publishes: another sender than Chromium, through certificates, loss and noise."""

import asyncio
import re
import socket
import statistics
from itertools import pairwise
from typing import Any

import pytest
from aiortc import RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from pylibsrtp._binding import lib

from capture.publish.ingests import Ingests
from capture.receive import aiortc_hooks
from capture.receive.delivery import Address
from capture.recorder import MemoryRecorder
from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause
from tests.media.aiortc_publisher import CERTIFICATES, KEYS, Publisher
from tests.media.decoded import Decoded, check_take
from tests.media.site import TIMEOUT_S, running_site
from tests.support.media_port import stand_before

pytestmark = pytest.mark.live

LOST_EVERY = 41  # packets; what is sent again is lost again
HOLE_MS = 200
RECOVERY_MS_MAX = 1_900  # waiting for the packet, asking for a keyframe, getting it


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

            def lossy(begin: int, length: int, source: Address, fileno: int, at: tuple[float, int]) -> None:
                data = port.buffer[begin : begin + length]
                is_rtp = 127 < data[0] < 192 and not 191 < data[1] < 224
                if not is_rtp or int.from_bytes(data[2:4], "big") % LOST_EVERY:
                    accept(begin, length, source, fileno, at)

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
            assert hasattr(plain, "_RTCRtpReceiver__remote_bitrate_estimator")
            assert asyncio.iscoroutinefunction(type(receiver).receive)
            assert vars(receiver)["_RTCRtpReceiver__started"] is False
            for session in (receiver.transport._rx_srtp, receiver.transport._tx_srtp):
                assert session._srtp[0]
            for name in ("srtp_unprotect", "srtp_unprotect_rtcp"):
                assert callable(getattr(lib, name)), name
            await publisher.connection.close()

    asyncio.run(scenario())


def test_ingests_need_no_stub_of_time() -> None:
    """By default the server's own clock and addresses are used, loopback among them."""
    assert "127.0.0.1" in Ingests(MemoryRecorder({})).rounds.port.addresses
