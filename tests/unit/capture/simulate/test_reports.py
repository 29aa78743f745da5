"""Reports of a simulated publisher name the time at which a picture was filmed, however late it left."""

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
from aiortc import RTCRtpSender
from aiortc.rtp import RtcpPacket, RtcpSenderInfo, RtcpSrPacket

from capture.receive import aiortc_hooks as hooks
from capture.simulate.encoding import VideoEncoder, VideoShape
from capture.simulate.paint import Pixels
from capture.simulate.sound import BLOCK_SAMPLES, SAMPLE_RATE, Voice
from capture.simulate.tracks import AudioTrack, VideoTrack
from proctoring.clock import system_clock
from tests.unit.capture.simulate.test_tracks import SteppedLoop

LATE_S = 0.65
SECOND = 1 << 32  # of NTP time


def test_a_report_names_the_time_of_filming() -> None:
    """A packet that left 650 ms after it was filmed is reported as of the time of filming (RFC 3550 section
    6.4.1), where the library would name the time at which it left."""
    sent: list[bytes] = []

    async def transport(data: bytes) -> None:
        sent.append(data)

    async def run() -> None:
        connected: Any = SimpleNamespace(state="connected", _send_rtp=transport)
        sender: Any = RTCRtpSender("video", connected)
        hooks.on_report(sender, lambda: LATE_S)
        await sender._send_rtcp([RtcpSrPacket(7, RtcpSenderInfo(100 * SECOND, 90_000, 1, 1))])

    asyncio.run(run())
    (report,) = RtcpPacket.parse(sent[0])
    assert isinstance(report, RtcpSrPacket)
    assert report.sender_info.ntp_timestamp == round((100 - LATE_S) * SECOND)
    assert report.sender_info.rtp_timestamp == 90_000


def test_a_slow_picture_is_late_by_what_it_took() -> None:
    """Drawing and encoding that take 650 ms leave a picture that late, and the next one not late at all."""
    loop = SteppedLoop()

    works_s = [LATE_S, 0.0]

    class Slow:
        def draw(self, unix_ms: int) -> Pixels:
            loop.now_s += works_s.pop(0)
            return np.zeros((180, 320, 3), np.uint8)

    encoder = VideoEncoder("VP8", VideoShape(320, 180, 10, 100_000))
    track = VideoTrack(Slow(), encoder, 10, system_clock)

    async def late_s() -> float:
        await track.recv()
        return round(track.late_s, 3)

    try:
        assert [loop.run_until_complete(late_s()) for _ in range(2)] == [LATE_S, 0.0]
    finally:
        loop.close()


def test_sound_that_waited_is_late_since_its_first_sample() -> None:
    """A block that is asked for late is the newest whole period's, and late by the rest."""
    loop = SteppedLoop()
    track = AudioTrack(Voice(0), system_clock)
    period_s = BLOCK_SAMPLES / SAMPLE_RATE

    async def late_s() -> float:
        await track.recv()
        return track.late_s

    try:
        assert loop.run_until_complete(late_s()) == 0.0
        loop.now_s += 65.5 * period_s
        assert abs(loop.run_until_complete(late_s()) - 0.5 * period_s) < 1e-6
    finally:
        loop.close()
