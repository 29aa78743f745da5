"""Habits of encoders, whether RTP allows them or not: every picture is kept as it was filmed."""

import io
import re
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from capture.cut.segmenter import Segmenter
from capture.media import fmp4, h264
from capture.media.frames import Codec, EncodedFrame
from capture.media.h264 import ParameterSets
from capture.media.piece import Piece
from capture.publish.sdp import parse_offer
from capture.receive.assemble import VideoAssembler
from tests.support.decoded import seconds
from tests.unit.capture import offers

START_MS = 1_800_000_000_000
FPS = 15
STEP = 90_000 // FPS


def encoded(count: int, x264: str = "", bframes: int = 0, size: int = 64) -> list[tuple[int, list[bytes]]]:
    """(when it is shown, in pictures; its NAL units) in the order in which they decode."""
    context = av.CodecContext.create("libx264", "w")
    context.width = context.height = size
    context.pix_fmt, context.framerate, context.time_base = "yuv420p", Fraction(FPS), Fraction(1, FPS)
    context.gop_size, context.max_b_frames = 30, bframes
    context.options = {"preset": "veryfast", "x264-params": x264 or "scenecut=0", "tune": "psnr"}
    found = []
    for number in [*range(count), None]:
        frame = None
        if number is not None:
            grey = np.full((size, size, 3), 5 * number % 250, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format="yuv420p")
            frame.pts = number
        for packet in context.encode(frame):
            assert packet.pts is not None
            nals = [nal for nal in re.split(b"\x00*\x00\x00\x01", bytes(packet)) if nal]
            found.append((packet.pts, nals))
    return found


def frame_of(shown: int, nals: list[bytes], sent: int) -> EncodedFrame:
    keyframe = any(h264.nal_type(nal) == h264.IDR for nal in nals)
    arrival_ms = START_MS + 1000 * sent // FPS
    return EncodedFrame(
        Codec.H264, 90_000 + shown * STEP, arrival_ms, h264.length_prefixed(nals), keyframe=keyframe
    )


def cut(frames: list[EncodedFrame], sets: tuple[bytes, ...] = ()) -> list[Piece]:
    segmenter = Segmenter(expects_audio=False, codec=Codec.H264, sets=sets)
    return [piece for frame in frames for piece in segmenter.push(frame)] + segmenter.flush()


def shown_ms(pieces: list[Piece]) -> list[int]:
    """When the pictures of the files are shown, by FFmpeg; every one of them decodes."""
    found = []
    for piece in pieces:
        with av.open(io.BytesIO(fmp4.write(piece)), "r") as container:
            container.streams.video[0].codec_context.options = {"err_detect": "explode"}
            found += [
                round(piece.start_unix_ms - START_MS + 1000 * seconds(frame))
                for frame in container.decode(video=0)
            ]
    return found


def test_pictures_that_decode_before_they_are_shown_keep_their_order() -> None:
    """B-frames: each picture is shown once, a picture's time after the one before it."""
    pictures = encoded(90, bframes=2)
    assert [shown for shown, _ in pictures] != sorted(shown for shown, _ in pictures)
    times = shown_ms(cut([frame_of(shown, nals, sent) for sent, (shown, nals) in enumerate(pictures)]))
    assert len(times) == 90
    assert all(abs(later - earlier - 1000 / FPS) <= 1 for earlier, later in pairwise(times))


def test_a_set_that_is_replaced_alone_counts_from_there_on() -> None:
    """Picture parameter sets of another content under the same id, between two keyframes: nothing fails to
    decode, since each picture is stored with the sets under which it was made."""
    cavlc, cabac = encoded(60, "cabac=0:scenecut=0"), encoded(60, "cabac=1:scenecut=0")
    sps = [nal for nal in cavlc[0][1] if h264.nal_type(nal) == h264.SPS]
    mixed = []
    for number, (shown, nals) in enumerate(cavlc):
        if number < 30:
            mixed.append((shown, nals))
        else:  # the second keyframe and what follows, under the other picture parameter set alone
            others = [nal for nal in cabac[number][1] if h264.nal_type(nal) != h264.SPS]
            mixed.append((shown, others))
    assert sps
    times = shown_ms(cut([frame_of(shown, nals, sent) for sent, (shown, nals) in enumerate(mixed)]))
    assert len(times) == 60


def test_sets_of_the_offer_serve_a_stream_that_brings_none() -> None:
    """`sprop-parameter-sets` (RFC 6184 section 8.1); without any set nothing is cut."""
    pictures = encoded(30)
    sets = tuple(nal for nal in pictures[0][1] if h264.is_set(nal))
    bare = [(shown, [nal for nal in nals if h264.is_picture(nal)]) for shown, nals in pictures]
    frames = [frame_of(shown, nals, sent) for sent, (shown, nals) in enumerate(bare)]
    assert len(shown_ms(cut(frames, sets))) == 30
    assert cut(frames) == []


def test_an_offer_tells_its_parameter_sets() -> None:
    """Base64, one after the other; what is none is left out."""
    video = [
        line + ";sprop-parameter-sets=Z0LAFA==,aM48gA==,%%%" if line.startswith("a=fmtp:102") else line
        for line in offers.video()
    ]
    assert parse_offer(offers.offer(video)).parameter_sets == (b"\x67\x42\xc0\x14", b"\x68\xce\x3c\x80")
    assert parse_offer(offers.offer(offers.video())).parameter_sets == ()


@pytest.mark.parametrize("marker", ["last", "every", "none"])
def test_the_timestamp_makes_the_picture(marker: str) -> None:
    """Several slices a picture, the marker behind the last, behind each or nowhere: frames are pictures,
    the very last one too."""
    pictures = encoded(20, "slices=4:scenecut=0")
    frames: list[EncodedFrame] = []
    assembler = VideoAssembler(Codec.H264, frames.append)
    for number, (_, nals) in enumerate(pictures):
        for nal in nals:
            marked = {"last": nal is nals[-1], "every": True, "none": False}[marker]
            assembler.push(number * STEP, marked, nal, number)
    assembler.end()
    assert [list(h264.split(frame.data)) for frame in frames] == [nals for _, nals in pictures]


def test_a_last_picture_without_its_marker_is_not_whole() -> None:
    """Where the sender sets markers; what was lost with it is not known."""
    frames: list[EncodedFrame] = []
    assembler = VideoAssembler(Codec.H264, frames.append)
    for number, (_, nals) in enumerate(encoded(3, "slices=4:scenecut=0")):
        for nal in nals[: -1 if number == 2 else None]:
            assembler.push(number * STEP, nal is nals[-1], nal, number)
    assembler.end()
    assert len(frames) == 2


def test_two_pictures_of_one_timestamp_are_two() -> None:
    """A sender that stamps two pictures alike: the second one begins with its first slice."""
    (_, key), (_, delta), (_, other), *_ = encoded(3)
    frames: list[EncodedFrame] = []
    assembler = VideoAssembler(Codec.H264, frames.append)
    for nals in (key, delta, other):
        for nal in nals:
            assembler.push(7_000, nal is nals[-1], nal, 0)
    assembler.rest()
    assert [list(h264.split(frame.data)) for frame in frames] == [key, delta, other]
    assert len({frame.ticks for frame in frames}) == 3


def test_the_set_that_is_active_comes_first() -> None:
    """Codec string and size are those of the sequence parameter set that the picture names."""
    (_, small), *_ = encoded(1, "scenecut=0", size=64)
    (_, large), *_ = encoded(1, "scenecut=0:sps-id=1", size=128)
    sets = ParameterSets(small)
    sets.take(large)
    picture = next(nal for nal in large if h264.is_picture(nal))
    config = sets.config_for(picture)
    assert config is not None
    assert (config.width, config.height, len(config.sps)) == (128, 128, 2)
