"""Pictures that decode before they are shown (B-frames), through the clock that makes RTP time steady."""

from itertools import pairwise

import pytest

from capture.clock.steadyticks import SteadyTicks
from capture.media.frames import AUDIO_CLOCK, VIDEO_CLOCK, Codec, EncodedFrame

pytestmark = pytest.mark.packet

START_MS = 1_800_000_000_000
SECONDS = 20
Hold = tuple[int, int]  # from when on the network holds all back, and for how long, in milliseconds


def decoded(count: int, between: int) -> list[int]:
    """The numbers of pictures in the order of decoding, with so many B-frames between two others."""
    order = [0]
    for last in range(0, count - 1, between + 1):
        anchor = min(last + between + 1, count - 1)
        order += [anchor, *range(last + 1, anchor)]
    return order


def arrives(at_ms: int, holds: tuple[Hold, ...]) -> int:
    ends = [begin + lasts for begin, lasts in holds if begin <= at_ms < begin + lasts]
    return START_MS + max([at_ms, *ends])


def placed(fps: int, between: int, holds: tuple[Hold, ...], leap_ms: int = 0) -> dict[int, int]:
    """Each picture's number and its steady ticks, beside sound that comes in time. The clock of the pictures
    leaps at half time, between two groups of them."""
    group = between + 1
    leaps_at = SECONDS * fps // 2 // group * group + 1
    steady: dict[int, int] = {}

    def put(frame: EncodedFrame) -> None:
        if frame.codec is Codec.H264:
            number = int.from_bytes(frame.data, "big")
            assert number not in steady
            steady[number] = frame.ticks

    video, audio = SteadyTicks(VIDEO_CLOCK, put), SteadyTicks(AUDIO_CLOCK, put)
    video.beside, audio.beside = audio, video
    coming: list[tuple[int, SteadyTicks, EncodedFrame]] = []
    for sent, number in enumerate(decoded(SECONDS * fps, between)):
        leapt = leap_ms if number >= leaps_at else 0
        ticks = VIDEO_CLOCK * 10 + VIDEO_CLOCK * number // fps + leapt * 90
        at_ms = arrives(1000 * (sent + between) // fps, holds)
        data = number.to_bytes(4, "big")
        coming.append((at_ms, video, EncodedFrame(Codec.H264, ticks, at_ms, data, keyframe=False)))
    for at_20_ms in range(SECONDS * 50):
        at_ms = arrives(20 * at_20_ms, holds)
        frame = EncodedFrame(Codec.OPUS, AUDIO_CLOCK * 10 + 960 * at_20_ms, at_ms, b"", keyframe=True)
        coming.append((at_ms, audio, frame))
    for at_ms, track, frame in sorted(coming, key=lambda one: one[0]):
        if (handed := track.push(frame)) is not None:
            put(handed)
        video.tick(at_ms)
        audio.tick(at_ms)
    video.flush()
    return steady


@pytest.mark.parametrize("between", [1, 2, 3, 4])
@pytest.mark.parametrize("fps", [30, 25, 15, 10])
@pytest.mark.parametrize("holds", [(), ((6_000, 2_600),), ((6_000, 300), (9_000, 1_200))])
def test_a_network_moves_no_picture_of_them(fps: int, between: int, holds: tuple[Hold, ...]) -> None:
    """Whatever the network holds back: each is where its RTP time says, and they keep their order."""
    steady = placed(fps, between, holds)
    assert len(steady) == SECONDS * fps
    moved = {
        number: ticks - VIDEO_CLOCK * 10 - VIDEO_CLOCK * number // fps for number, ticks in steady.items()
    }
    assert set(moved.values()) == {0}


@pytest.mark.parametrize("between", [1, 2, 3, 4])
@pytest.mark.parametrize("leap_ms", [250, 5_000])
def test_a_leap_of_their_clock_is_taken_out(between: int, leap_ms: int) -> None:
    """Their order stays, and a second later they are in time again, to 300 ms."""
    fps = 25
    steady = placed(fps, between, (), leap_ms)
    assert len(steady) == SECONDS * fps
    assert all(steady[earlier] < steady[later] for earlier, later in pairwise(sorted(steady)))
    for number in range(SECONDS * fps // 2 + 3 * fps, SECONDS * fps):
        assert abs(steady[number] - VIDEO_CLOCK * 10 - VIDEO_CLOCK * number // fps) <= 300 * 90
