"""The bitstream readers against what real encoders write, and against noise."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.errors import BadPayload
from capture.media import h264, opus, vp8

pytestmark = pytest.mark.packet


def encoded(codec: str, width: int, height: int, options: dict[str, str], pixels: str = "yuv420p") -> bytes:
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, pixels
    context.time_base = Fraction(1, 15)
    context.options = options
    frame = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), format="rgb24")
    frame = frame.reformat(format=pixels)
    frame.pts = 0
    return bytes([*context.encode(frame), *context.encode(None)][0])


def nals_of(annex_b: bytes) -> list[bytes]:
    parts = annex_b.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return [part for part in parts if part]


def config_of(nals: list[bytes]) -> h264.H264Config | None:
    return h264.ParameterSets(nals).config_for(next(nal for nal in nals if h264.is_picture(nal)))


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1280, 720), (1920, 1080), (162, 90), (2, 2)])
@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
def test_a_parameter_set_tells_the_picture_size(width: int, height: int, profile: str) -> None:
    """Width and height after cropping are read from x264's parameter sets, whatever the profile."""
    nals = nals_of(encoded("libx264", width, height, {"profile": profile, "tune": "zerolatency"}))
    config = config_of(nals)
    assert config is not None
    assert (config.width, config.height) == (width, height)
    assert config.codec_string == "avc1." + config.sps[0][1:4].hex()


def test_a_parameter_set_tells_its_sample_format() -> None:
    """4:4:4 in ten bits is read as such: an avcC for High profiles states it."""
    frame = encoded("libx264", 64, 48, {"tune": "zerolatency"}, "yuv444p10le")
    config = config_of(nals_of(frame))
    assert config is not None
    assert h264.sample_format(config.sps[0]) == (3, 2, 2)
    assert (config.width, config.height) == (64, 48)


@given(st.binary(max_size=80))
def test_noise_as_parameter_set_is_refused_or_read(noise: bytes) -> None:
    """Whatever bytes claim to be a parameter set, nothing but BadPayload comes of it."""
    try:
        width, height = h264.dimensions(b"\x67" + noise)
    except BadPayload:
        return
    assert 0 < width <= h264.DIMENSION_MAX
    assert 0 < height <= h264.DIMENSION_MAX


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8))
def test_length_prefixes_are_undone_exactly(nals: list[bytes]) -> None:
    """Joining NAL units and splitting them again gives the same units."""
    assert list(h264.split(h264.length_prefixed(nals))) == nals


@pytest.mark.parametrize("frame", [b"\x00\x00\x00\x05abc", b"\x00\x00", b"\x00\x00\x00\x00"])
def test_a_length_that_overruns_its_frame_is_refused(frame: bytes) -> None:
    """A NAL unit's length is never trusted beyond the frame."""
    with pytest.raises(BadPayload):
        list(h264.split(frame))


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1280, 720), (162, 90)])
def test_a_vp8_keyframe_tells_its_size(width: int, height: int) -> None:
    """Size and keyframe flag are read from libvpx's frames."""
    frame = encoded("libvpx", width, height, {})
    assert vp8.is_keyframe(frame)
    assert vp8.dimensions(frame) == (width, height)
    assert not vp8.is_keyframe(b"\x01" + frame[1:])


@pytest.mark.parametrize(
    ("payload", "starts", "data"),
    [
        (b"\x10D", True, b"D"),
        (b"\x00D", False, b"D"),
        (b"\x11D", False, b"D"),
        (b"\x90\x80\x05D", True, b"D"),
        (b"\x90\x80\x85\x06D", True, b"D"),
        (b"\x90\xf0\x85\x06\x01\x02D", True, b"D"),
        (b"\x90\x20\x03D", True, b"D"),
    ],
)
def test_vp8_payload_descriptors_of_every_form(payload: bytes, starts: bool, data: bytes) -> None:
    """Each optional field of RFC 7741 section 4.2 is stepped over."""
    starts_frame, position = vp8.read_descriptor(payload)
    assert (starts_frame, payload[position:]) == (starts, data)


@pytest.mark.parametrize("payload", [b"", b"\x10", b"\x90", b"\x90\x80", b"\x90\x80\x85\x06"])
def test_a_vp8_payload_cut_short_is_refused(payload: bytes) -> None:
    """A descriptor without its end, or without data behind it, is BadPayload."""
    with pytest.raises(BadPayload):
        vp8.read_descriptor(payload)


@pytest.mark.parametrize(
    ("packet", "ticks"),
    [
        (b"\xf8\xff\xfe", 960),  # CELT, 20 ms
        (b"\x08x", 960),  # SILK, 20 ms
        (b"\x18x", 2880),  # SILK, 60 ms
        (b"\xe1x", 240),  # CELT, two of 2.5 ms
        (b"\xfb\x03x", 2880),  # CELT, three of 20 ms
        (b"\x60x", 480),  # hybrid, 10 ms
    ],
)
def test_an_opus_packet_tells_its_duration(packet: bytes, ticks: int) -> None:
    """The table of RFC 6716 section 3.1, by example."""
    assert opus.duration_ticks(packet) == ticks


@pytest.mark.parametrize("packet", [b"", b"\xfb", b"\xfb\x00", b"\xfb\x3f"])
def test_an_impossible_opus_packet_is_refused(packet: bytes) -> None:
    """Empty, cut short, of no frames, or longer than 120 ms."""
    with pytest.raises(BadPayload):
        opus.duration_ticks(packet)
