"""The simulated candidate's encoders, tuned for low cost: H.264, VP8 and Opus packets on their own clocks.

aiortc's own encoders start at 1 Mbit/s with a slow preset. A track may return packets instead of frames, so
we encode ourselves. Three streams of a candidate then need well under one core.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av
import cv2
import numpy as np
from av.video.frame import PictureType

from capture.simulate.paint import Pixels
from capture.simulate.sound import BLOCK_SAMPLES, SAMPLE_RATE, Samples

VIDEO_CLOCK_HZ = 90_000
OPUS_BITS_PER_S = 32_000

Codec = Literal["H264", "VP8"]

_KEYFRAME_EVERY_FRAMES = 100_000  # only when asked for, as browsers do
_H264_OPTIONS = {
    "preset": "superfast",
    "tune": "zerolatency",
    "level": "31",
    "x264-params": "scenecut=0:sliced-threads=0:threads=1:aq-mode=1",
}
_VP8_OPTIONS = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "error-resilient": "default"}
_CRF = "24"


@dataclass(frozen=True, slots=True)
class VideoShape:
    """How large, how often and at most how heavy a stream's pictures are."""

    width: int
    height: int
    frames_per_s: int
    bits_per_s: int


class VideoEncoder:
    """Encodes pictures (height x width x 3) one by one, each into exactly one packet."""

    def __init__(self, codec: Codec, shape: VideoShape) -> None:
        context = av.CodecContext.create("libx264" if codec == "H264" else "libvpx", "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height = shape.width, shape.height
        context.pix_fmt = "yuv420p"
        context.framerate = Fraction(shape.frames_per_s)
        context.time_base = Fraction(1, VIDEO_CLOCK_HZ)
        context.gop_size = _KEYFRAME_EVERY_FRAMES
        context.thread_count = 1
        rate = str(shape.bits_per_s)
        if codec == "H264":
            context.profile = "Baseline"
            context.options = {**_H264_OPTIONS, "crf": _CRF, "maxrate": rate, "bufsize": rate}
        else:
            context.bit_rate = shape.bits_per_s
            context.qmin, context.qmax = 4, 38
            context.options = {**_VP8_OPTIONS, "bufsize": rate}
        self._context = context

    def encode(self, picture: Pixels, ticks: int, keyframe: bool) -> "av.Packet[av.VideoStream]":
        """The picture as a packet at `ticks` of the 90 kHz clock, which must grow from call to call."""
        planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = ticks, Fraction(1, VIDEO_CLOCK_HZ)
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        (packet,) = self._context.encode(frame)
        packet.pts, packet.time_base = ticks, Fraction(1, VIDEO_CLOCK_HZ)
        return packet


class OpusEncoder:
    """Encodes blocks of 20 ms of mono sound, each into exactly one packet."""

    def __init__(self) -> None:
        context = av.CodecContext.create("libopus", "w")
        assert isinstance(context, av.AudioCodecContext)
        context.sample_rate = SAMPLE_RATE
        context.format, context.layout = "s16", "mono"
        context.bit_rate = OPUS_BITS_PER_S
        context.time_base = Fraction(1, SAMPLE_RATE)
        context.options = {"application": "voip", "compression_level": "4", "frame_duration": "20"}
        self._context = context

    def encode(self, block: Samples, ticks: int) -> "av.Packet[av.AudioStream]":
        """The block of BLOCK_SAMPLES samples as a packet at `ticks` of the 48 kHz clock."""
        assert block.shape == (BLOCK_SAMPLES,)
        frame = av.AudioFrame.from_ndarray(block[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, ticks, Fraction(1, SAMPLE_RATE)
        (packet,) = self._context.encode(frame)
        packet.pts, packet.time_base = ticks, Fraction(1, SAMPLE_RATE)
        return packet
