"""The one clip that every publisher sends, made anew and always the same: VP8 and Opus as RTP payloads.

640x480 at 15 pictures a second, about 0.5 Mbit/s, a keyframe every KEYFRAME_EVERY_S; 20 ms of sound a packet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from aiortc.codecs.vpx import Vp8Encoder

WIDTH, HEIGHT = 640, 480
FRAMES_PER_S = 15
VIDEO_BITS_PER_S = 500_000
AUDIO_BITS_PER_S = 32_000
VIDEO_CLOCK_HZ, AUDIO_CLOCK_HZ = 90_000, 48_000
AUDIO_SAMPLES = 960
KEYFRAME_EVERY_S = 2
LENGTH_S = 10
NOISE_LEVELS = 6  # enough that the encoder needs its whole rate
# A negative cpu-used is a fixed speed; a positive one adapts to the machine and makes another clip each time.
VP8_OPTIONS = {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0"}


@dataclass(frozen=True, slots=True)
class Burst:
    """What is sent at one instant: a picture in its packets, or a packet of sound."""

    at_s: float
    video: bool
    ticks: int
    payloads: tuple[bytes, ...]


def clip() -> tuple[Burst, ...]:
    """LENGTH_S of bursts in the order of their time; the first one is a keyframe."""
    return (*sorted([*_pictures(), *_sound()], key=lambda burst: (burst.at_s, not burst.video)),)


def _pictures() -> Iterator[Burst]:
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.framerate, encoder.time_base = Fraction(FRAMES_PER_S), Fraction(1, FRAMES_PER_S)
    encoder.bit_rate, encoder.gop_size, encoder.thread_count = (
        VIDEO_BITS_PER_S,
        KEYFRAME_EVERY_S * FRAMES_PER_S,
        1,
    )
    encoder.options = {**VP8_OPTIONS, "bufsize": str(VIDEO_BITS_PER_S)}
    packetizer = Vp8Encoder()
    packetizer.picture_id = 0  # it would begin anywhere
    chance = np.random.default_rng(1)
    ramp = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH))
    for number in range(LENGTH_S * FRAMES_PER_S):
        luma = (ramp + 4 * number) % 200 + 16 + chance.integers(0, NOISE_LEVELS, ramp.shape)
        planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        planes[:HEIGHT] = luma
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = number
        (packet,) = encoder.encode(frame)
        payloads, ticks = packetizer.pack(packet)
        yield Burst(number / FRAMES_PER_S, True, ticks, tuple(payloads))


def _sound() -> Iterator[Burst]:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.format, encoder.layout = AUDIO_CLOCK_HZ, "s16", "mono"
    encoder.bit_rate = AUDIO_BITS_PER_S
    for number in range(LENGTH_S * AUDIO_CLOCK_HZ // AUDIO_SAMPLES):
        times = np.arange(number * AUDIO_SAMPLES, (number + 1) * AUDIO_SAMPLES) / AUDIO_CLOCK_HZ
        samples = (8000 * np.sin(2 * np.pi * (300 + 100 * np.sin(times)) * times)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = AUDIO_CLOCK_HZ, number * AUDIO_SAMPLES
        (packet,) = encoder.encode(frame)
        ticks = number * AUDIO_SAMPLES
        yield Burst(ticks / AUDIO_CLOCK_HZ, False, ticks, (bytes(packet),))
