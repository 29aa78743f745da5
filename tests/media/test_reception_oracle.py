"""The same packets through our reception and through the library's own reassembly: the same frames.

A stream is encoded by FFmpeg and packetised by the library, protected as DTLS-SRTP would, and read by both:
by `Reception` from the protected datagram on, by the library's `depayload` frame by frame.
"""

import os
import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from aiortc.codecs import depayload
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from pylibsrtp import Policy, Session

from capture.media import h264
from capture.media.frames import Codec, EncodedFrame
from capture.receive import aiortc_hooks as hooks
from capture.receive import rtcp
from capture.receive.reception import (
    EARLY_BYTES_MAX,
    RESTING_S,
    SOURCES_MAX,
    UNKNOWN_PER_S_MAX,
    Formats,
    Reception,
)
from capture.receive.track import SOURCE_SILENT_S, Events

pytestmark = [pytest.mark.live, pytest.mark.packet]

VIDEO, AGAIN, AUDIO = 96, 97, 111
SSRC, AGAIN_SSRC, AUDIO_SSRC = 0x1111, 0x2222, 0x3333
FRAMES = 40
FRAME_TICKS = 3000
FIRST_SEQUENCE = 65_500
FIRST_TIMESTAMP = 2**32 - 10 * FRAME_TICKS
PROFILES = [Policy.SRTP_PROFILE_AES128_CM_SHA1_80, Policy.SRTP_PROFILE_AEAD_AES_128_GCM]


def encoded(codec: Codec) -> list[list[bytes]]:
    """The payloads of each picture of a moving pattern, some in several packets."""
    context = av.CodecContext.create("libx264" if codec is Codec.H264 else "libvpx", "w")
    context.width, context.height, context.pix_fmt = 320, 240, "yuv420p"
    context.framerate, context.time_base = Fraction(30), Fraction(1, 90_000)
    context.bit_rate, context.gop_size = 2_000_000, 10
    if codec is Codec.H264:
        context.options = {"tune": "zerolatency", "preset": "ultrafast"}
    else:
        context.options = {"deadline": "realtime", "lag-in-frames": "0"}
    packetizer = H264Encoder() if codec is Codec.H264 else Vp8Encoder()
    chance = np.random.default_rng(1)
    payloads = []
    for number in range(FRAMES):
        planes = chance.integers(0, 255, (360, 320), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = number * FRAME_TICKS, Fraction(1, 90_000)
        for packet in context.encode(frame):
            payloads.append(packetizer.pack(packet)[0])
    return payloads


class Wire:
    """Protects packets as a publisher does and brings them to a reception; keeps what comes out and back."""

    def __init__(self, codec: Codec, profile: int = PROFILES[0]) -> None:
        self.frames: list[EncodedFrame] = []
        self.reports: list[tuple[Codec, int, int, int]] = []
        self.sent: list[bytes] = []
        self.losses = 0
        buffer = bytearray(2048)
        self.buffer = buffer
        key = os.urandom(46)
        self.outbound = self._session(key, profile, Policy.SSRC_ANY_OUTBOUND)
        inbound = self._session(key, profile, Policy.SSRC_ANY_INBOUND)
        events = Events(
            self.frames.append, self._lost, lambda *report: self.reports.append(report), lambda: None
        )
        self.reception = Reception(
            Formats(codec, VIDEO, AGAIN, AUDIO), buffer, events, send=self.sent.append, ssrc=9, cname="us"
        )
        self.inbound = hooks.in_place(inbound, buffer)
        self.now_s = 100.0

    def secure(self) -> "Wire":
        self.reception.secure(self.inbound, self.now_s)
        return self

    @property
    def now_ms(self) -> int:
        return int(self.now_s * 1000)

    def bring(self, packet: bytes, protect: str = "protect") -> None:
        data = getattr(self.outbound, protect)(packet)
        self.buffer[: len(data)] = data
        self.now_s += 0.001
        self.reception.datagram(0, len(data), self.now_s, self.now_ms)

    def bring_forged(self, packet: bytes) -> None:
        self.buffer[: len(packet)] = packet
        self.reception.datagram(0, len(packet), self.now_s, self.now_ms)

    def _lost(self) -> None:
        self.losses += 1

    @staticmethod
    def _session(key: bytes, profile: int, kind: int) -> Session:
        policy = Policy(key=key, ssrc_type=kind, srtp_profile=profile)
        policy.window_size, policy.allow_repeat_tx = 1024, True
        return Session(policy)


def packet(
    payload: bytes, number: int, ticks: int, marker: bool, ssrc: int = SSRC, kind: int = VIDEO
) -> bytes:
    """With an extension and, for odd numbers, padding, as browsers send them."""
    padding = b"\x00\x00\x03" if number % 2 else b""
    head = struct.pack(
        ">BBHII",
        0x90 | 0x20 * bool(padding),
        marker << 7 | kind,
        number & 0xFFFF,
        ticks & 0xFFFFFFFF,
        ssrc,
    )
    return head + bytes.fromhex("bede0001 10300000") + payload + padding


def packets(frames: list[list[bytes]]) -> list[bytes]:
    found: list[bytes] = []
    for number, payloads in enumerate(frames):
        for index, payload in enumerate(payloads):
            ticks = FIRST_TIMESTAMP + number * FRAME_TICKS
            found.append(packet(payload, FIRST_SEQUENCE + len(found), ticks, index == len(payloads) - 1))
    return found


def by_the_library(codec: Codec, frames: list[list[bytes]]) -> list[bytes]:
    name = RTCRtpCodecParameters(mimeType=f"video/{codec.upper()}", clockRate=90_000, payloadType=VIDEO)
    return [b"".join(depayload(name, payload) for payload in payloads) for payloads in frames]


def with_start_codes(frame: EncodedFrame) -> bytes:
    if frame.codec is Codec.VP8:
        return frame.data
    return b"".join(b"\x00\x00\x00\x01" + nal for nal in h264.split(frame.data))


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.H264])
@pytest.mark.parametrize("profile", PROFILES)
def test_the_library_reassembles_the_same_frames(codec: Codec, profile: int) -> None:
    """Byte for byte, each once, in time, across the wrap of both counters, whatever protects the packets."""
    frames = encoded(codec)
    wire = Wire(codec, profile).secure()
    for one in packets(frames):
        wire.bring(one)
    wire.reception.report(wire.now_s + 2 * RESTING_S)  # the last picture is whole once nothing follows
    assert [with_start_codes(frame) for frame in wire.frames] == by_the_library(codec, frames)
    assert [frame.ticks - wire.frames[0].ticks for frame in wire.frames] == [
        number * FRAME_TICKS for number in range(len(frames))
    ]
    assert wire.frames[0].keyframe


def test_a_lost_packet_comes_back_by_retransmission() -> None:
    """RFC 4588: asked for by a NACK in a compound packet, sent again on its own SSRC, put in its place."""
    frames = encoded(Codec.VP8)
    sent = packets(frames)
    wire = Wire(Codec.VP8).secure()
    lost = 7
    for one in sent[:lost] + sent[lost + 1 :]:
        wire.bring(one)
    known = len(wire.frames)
    (asked,) = wire.sent
    assert asked.startswith(bytes.fromhex("80c90001 00000009"))
    assert asked.endswith(rtcp.nack(9, SSRC, [FIRST_SEQUENCE + lost]))
    original = struct.unpack(">BBHII", sent[lost][:12])
    again = struct.pack(">H", FIRST_SEQUENCE + lost) + frames_payload(frames, lost)
    wire.bring(packet(again, 0, original[3], bool(original[1] & 128), AGAIN_SSRC, AGAIN))
    assert len(wire.frames) == FRAMES > known
    assert [frame.data for frame in wire.frames] == by_the_library(Codec.VP8, frames)


def frames_payload(frames: list[list[bytes]], number: int) -> bytes:
    return [payload for payloads in frames for payload in payloads][number]


def test_media_that_overtakes_the_keys_is_kept() -> None:
    """The first keyframe is not lost because it came with the end of the handshake."""
    frames = encoded(Codec.VP8)[:1]
    assert len(frames[0]) > 1
    assert sum(map(len, frames[0])) < EARLY_BYTES_MAX
    wire = Wire(Codec.VP8)
    for one in packets(frames):
        wire.bring(one)
    assert wire.frames == []
    wire.secure()
    assert [frame.data for frame in wire.frames] == by_the_library(Codec.VP8, frames)


def test_reports_are_honest_and_sender_reports_handed_on() -> None:
    """Once a second, for each source heard: loss, LSR and DLSR; nothing while nothing is heard."""
    wire = Wire(Codec.VP8).secure()
    wire.reception.report(wire.now_s)
    assert wire.sent == []
    for one in packets(encoded(Codec.VP8)):
        wire.bring(one)
    report = struct.pack(">BBHIQIII", 0x80, 200, 6, SSRC, 0xAAAA_BBBB_CCCC_DDDD, 777, 1, 2)
    wire.bring(report, "protect_rtcp")
    assert wire.reports == [(Codec.VP8, 0xAAAA_BBBB_CCCC_DDDD, 777, wire.now_ms)]
    wire.reception.report(wire.now_s + 0.5)
    (sent,) = wire.sent
    first, lost, _, _, last, delay = struct.unpack_from(">IIIIII", sent, 8)
    assert (first, lost, last, delay) == (SSRC, 0, 0xBBBB_CCCC, 32_768)
    assert rtcp.source_description(9, "us") in sent
    assert b"REMB" in sent


def test_another_source_takes_over_only_from_a_silent_one() -> None:
    """A second SSRC beside the first, as another layer, changes nothing; after a silence it is followed."""
    frames = encoded(Codec.VP8)
    wire = Wire(Codec.VP8).secure()
    for number, payloads in enumerate(frames[:3]):
        wire.bring(packet(payloads[0], number, number, True))
        wire.bring(packet(payloads[0], number, number, True, ssrc=0x7777))
        wire.now_s += SOURCE_SILENT_S * 0.9
    before = len(wire.frames)
    wire.now_s += 1.5
    for number, one in enumerate(payload for payload in frames[10]):
        wire.bring(packet(one, number + 500, 9, one is frames[10][-1], ssrc=0x7777))
    assert len(wire.frames) == before + 1
    assert wire.frames[-1].keyframe


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.H264])
def test_a_source_that_follows_at_once_loses_nothing(codec: Codec) -> None:
    """An encoder that was started again goes on under another SSRC: no picture of either is lost."""
    frames = encoded(codec)
    wire = Wire(codec).secure()
    for one in packets(frames):
        wire.bring(one)
    number = 0
    for place, payloads in enumerate(frames):
        for payload in payloads:
            wire.bring(packet(payload, number, place * FRAME_TICKS, payload is payloads[-1], ssrc=0x7777))
            number += 1
    wire.reception.close()
    assert len(wire.frames) == 2 * len(frames)
    assert [frame.data for frame in wire.frames] == 2 * [frame.data for frame in wire.frames[: len(frames)]]


def test_sources_and_forgeries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many SSRCs are forged or made up, few are kept, and few are even decrypted."""
    unprotect, looked_at = hooks._unprotect, []

    def counted(*addresses: int) -> int:
        looked_at.append(addresses)
        return int(unprotect(*addresses))

    monkeypatch.setattr(hooks, "_unprotect", counted)
    wire = Wire(Codec.VP8).secure()
    for ssrc in range(1000):
        wire.bring_forged(packet(b"\x10forged", 0, 0, True, ssrc=ssrc) + bytes(10))
    assert len(looked_at) == UNKNOWN_PER_S_MAX
    assert wire.reception.packets == 0
    for ssrc in range(1000):
        wire.reception.report(wire.now_s)
        wire.bring(packet(b"\x10D", 0, 0, True, ssrc=ssrc))
    assert len(wire.reception._sources) == SOURCES_MAX


def test_formats_that_were_not_answered_are_bounded_too() -> None:
    """They are authentic, so each costs the cipher some memory."""
    wire = Wire(Codec.VP8).secure()
    for ssrc in range(1000):
        wire.reception.report(wire.now_s)
        wire.bring(packet(b"\x10D", 0, 0, True, ssrc=ssrc, kind=50))
    wire.bring(packet(b"\x10D", 0, 0, True))
    assert wire.reception._sources == {}
    assert wire.reception.packets == 0
