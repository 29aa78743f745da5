"""A burnt-in clock is read back to the millisecond, also after a lossy encoder, and never invented."""

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.simulate import clockstamp
from capture.simulate.devices import DEVICES
from capture.simulate.encoding import Codec, VideoEncoder
from proctoring.exams.model import Stream
from tests.support.clockreader import read_clock
from tests.support.decoded import bgr

SIZES = [(640, 480), (640, 360), (1280, 720)]
NOON_MS = 1_795_000_000_000


@given(unix_ms=st.integers(0, 2**48 - 1), shade=st.integers(0, 255), size=st.sampled_from(SIZES))
def test_any_instant_is_read_back(unix_ms: int, shade: int, size: tuple[int, int]) -> None:
    """Every 48-bit instant, on any ground and at each of the streams' sizes, is read back exactly."""
    picture = np.full((size[1], size[0], 3), shade, np.uint8)
    clockstamp.stamp(picture, unix_ms % 253_000_000_000_000)
    assert read_clock(picture) == unix_ms % 253_000_000_000_000
    assert read_clock(picture[:, :, 0]) == unix_ms % 253_000_000_000_000


@given(unix_ms=st.integers(0, 2**40), wrong=st.integers(0, clockstamp.TIME_BITS + clockstamp.CHECK_BITS - 1))
def test_a_wrong_cell_is_noticed(unix_ms: int, wrong: int) -> None:
    """A strip with one cell turned over reads as no clock, never as another instant."""
    picture = np.zeros((480, 640, 3), np.uint8)
    clockstamp.stamp(picture, unix_ms)
    x = (wrong + 2) * 8
    picture[:8, x : x + 8] = clockstamp.DARK + clockstamp.LIGHT - picture[:8, x : x + 8]
    assert read_clock(picture) is None


@given(seed=st.integers(0, 2**32 - 1))
def test_a_picture_without_a_clock_has_none(seed: int) -> None:
    """Noise, and a plain picture, carry no clock."""
    rng = np.random.default_rng(seed)
    assert read_clock(rng.integers(0, 256, (360, 640, 3), np.uint8).astype(np.uint8)) is None
    assert read_clock(np.full((360, 640, 3), seed % 256, np.uint8)) is None


def test_people_read_utc() -> None:
    """The words are hours, minutes, seconds and milliseconds of UTC, whatever the machine's own zone."""
    assert clockstamp.text(NOON_MS + 7) == "11:06:40.007"


@pytest.mark.parametrize("codec", ["H264", "VP8"])
@pytest.mark.parametrize("stream", list(Stream))
def test_the_clock_survives_the_encoder(stream: Stream, codec: Codec) -> None:
    """Every frame of six seconds, keyframes and others, carries its instant after encoding and decoding."""
    device = DEVICES[stream]
    scene, shape = device.scene(1), device.shape
    encoder = VideoEncoder(codec, shape)
    decoder = av.CodecContext.create(codec.lower(), "r")
    assert isinstance(decoder, av.VideoCodecContext)
    for number in range(6 * shape.frames_per_s):
        unix_ms = NOON_MS + number * 1000 // shape.frames_per_s
        picture = scene.draw(unix_ms)
        clockstamp.stamp(picture, unix_ms)
        keyframe = number % (4 * shape.frames_per_s) == 0
        (frame,) = decoder.decode(encoder.encode(picture, number * 90_000 // shape.frames_per_s, keyframe))
        assert read_clock(bgr(frame)) == unix_ms
