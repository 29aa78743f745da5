"""The segmenter's invariants over any sequence of frames, and the media clock under it."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.clock.mediaclock import DEAD_ZONE_US, SLEW_MAX_US, TrackClock
from capture.cut import open_piece
from capture.cut import segmenter as sg
from capture.cut.segmenter import Segmenter
from capture.media.frames import AUDIO_CLOCK, VIDEO_CLOCK, Codec, EncodedFrame
from capture.media.piece import Piece
from proctoring.recordings.model import EndCause, GapPart
from tests.support.examples import examples

pytestmark = pytest.mark.packet

START_MS = 1_800_000_000_000
KEY = b"\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01"
OTHER_SIZE = b"\x10\x02\x00\x9d\x01\x2a\x00\x05\xd0\x02"
DELTA = b"\x11\x02\x00"
SOUND = b"\xf8\xff\xfe"


def picture(
    at_ms: int,
    number: int,
    *,
    key: bool = False,
    delay_ms: int = 20,
    head: bytes = KEY,
    padding: int = 0,
    **more: bool,
) -> EncodedFrame:
    data = (head if key else DELTA) + number.to_bytes(4, "big") + bytes(padding)
    return EncodedFrame(
        Codec.VP8, at_ms * 90 + 7_000, START_MS + at_ms + delay_ms, data, keyframe=key, **more
    )


def sound(at_ms: int, number: int, delay_ms: int = 20) -> EncodedFrame:
    data = SOUND + number.to_bytes(4, "big")
    return EncodedFrame(Codec.OPUS, at_ms * 48 + 123, START_MS + at_ms + delay_ms, data)


def cut(frames: list[EncodedFrame], **options: Any) -> list[Piece]:
    segmenter = Segmenter(**options)
    pieces = [piece for frame in frames for piece in segmenter.push(frame)]
    return pieces + segmenter.flush()


def steady(
    seconds: int, *, step_ms: int = 100, key_every_ms: int = 1000, with_sound: bool = True
) -> list[EncodedFrame]:
    frames = [picture(at, at, key=at % key_every_ms == 0) for at in range(0, seconds * 1000, step_ms)]
    if with_sound:
        frames += [sound(at, at) for at in range(0, seconds * 1000, 20)]
    return sorted(frames, key=lambda frame: frame.arrival_ms)


def test_pieces_of_four_seconds_that_abut() -> None:
    """Steady media is cut every SEGMENT_MS at a keyframe; starts and durations add up to the millisecond."""
    pieces = cut(steady(14))
    assert [piece.duration_ms for piece in pieces] == [4000, 4000, 4000, 2000]
    for earlier, later in pairwise(pieces):
        assert earlier.start_unix_ms + earlier.duration_ms == later.start_unix_ms
    assert pieces[0].start_unix_ms == START_MS + 20
    assert [len(piece.audio) for piece in pieces] == [200, 200, 200, 100]
    assert all(piece.media_type == 'video/webm; codecs="vp8,opus"' for piece in pieces)


@settings(max_examples=examples(150))
@given(
    steps=st.lists(
        st.tuples(st.integers(1, 1500), st.booleans(), st.integers(0, 300), st.booleans()),
        min_size=1,
        max_size=80,
    ),
    sounds=st.lists(st.integers(0, 120), max_size=200),
)
def test_no_frame_is_lost_or_twice(steps: list[tuple[int, bool, int, bool]], sounds: list[int]) -> None:
    """Every picture from the first keyframe on is in exactly one piece, in order; every piece begins with a
    keyframe at tick 0; pieces never overlap and are never empty of time."""
    frames: list[EncodedFrame] = []
    at = 0
    for number, (step, key, delay, lost) in enumerate(steps):
        at += step
        key = key or number == 0
        frames.append(picture(at, number, key=key, delay_ms=delay, after_loss=key and lost))
    at = 0
    audio = []
    for number, step in enumerate(sounds):
        at += 20 + step
        audio.append(sound(at, number))
    pieces = cut(sorted([*frames, *audio], key=lambda frame: frame.arrival_ms))
    videos = sorted(frames, key=lambda frame: frame.arrival_ms)
    first = next((i for i, frame in enumerate(videos) if frame.keyframe), None)
    expected = [] if first is None else [frame.data for frame in videos[first:]]
    if sorted(f.ticks for f in videos) == [f.ticks for f in videos]:
        assert [s.data for piece in pieces for s in piece.video] == expected
    for earlier, later in pairwise(pieces):
        assert earlier.start_unix_ms + earlier.duration_ms <= later.start_unix_ms
    heard = [s.data for piece in pieces for s in piece.audio]
    assert heard == sorted(set(heard))
    if pieces:
        assert len(heard) == len(sounds)
    for piece in pieces:
        assert piece.duration_ms > 0
        if piece.config is None:
            assert piece.audio
            continue
        assert piece.video[0].keyframe
        assert piece.video[0].ticks == 0
        for samples in (piece.video, piece.audio):
            ticks = [sample.ticks for sample in samples]
            assert ticks == sorted(set(ticks))
            assert all(tick >= 0 for tick in ticks)
        assert piece.video_end_ticks > piece.video[-1].ticks


def test_a_long_loss_leaves_a_gap_and_a_short_one_none() -> None:
    """A loss of more than GAP_MS ends the piece at its last picture; under that the picture stands."""
    frames = [picture(at, at, key=at == 0) for at in range(0, 1000, 100)]
    long = cut([*frames, picture(3000, 1, key=True, after_loss=True), picture(3100, 2)], expects_audio=False)
    assert [(p.start_unix_ms - START_MS, p.duration_ms) for p in long] == [(20, 1000), (3020, 200)]
    short = cut([*frames, picture(1500, 1, key=True, after_loss=True), picture(1600, 2)], expects_audio=False)
    assert [(p.start_unix_ms - START_MS, p.duration_ms) for p in short] == [(20, 1700)]


def test_a_still_picture_is_no_gap() -> None:
    """Without loss, a picture that stands for seconds is not a gap."""
    frames = [picture(at, at, key=at % 6000 == 0) for at in range(0, 18_000, 3000)]
    pieces = cut(frames, expects_audio=False)
    assert [piece.duration_ms for piece in pieces] == [6000, 6000, 4000]
    assert pieces[0].media_type == 'video/webm; codecs="vp8"'


def test_the_last_picture_shows_until_the_goodbye() -> None:
    """When the publisher was there until the end, its last picture lasts until then."""
    segmenter = Segmenter(expects_audio=False)
    segmenter.push(picture(0, 0, key=True))
    (piece,) = segmenter.flush(START_MS + 20 + 2500)
    assert piece.duration_ms == 2500


def test_a_new_picture_size_begins_a_new_piece() -> None:
    """A decoder is set up per piece; so a changed size or parameter set cuts at once."""
    frames = [
        picture(0, 0, key=True),
        picture(100, 1),
        picture(200, 2, key=True, head=OTHER_SIZE),
        picture(300, 3),
    ]
    pieces = cut(frames, expects_audio=False)
    assert [p.config and (p.config.width, p.config.height) for p in pieces] == [(640, 480), (1280, 720)]
    assert pieces[0].start_unix_ms + pieces[0].duration_ms == pieces[1].start_unix_ms


def test_size_and_time_are_bounded() -> None:
    """A sender that never makes a keyframe fills neither memory nor a piece for ever."""
    frames = [picture(at, at, key=at == 0) for at in range(0, sg.SEGMENT_MS_MAX + 5000, 100)]
    (piece,) = cut(frames, expects_audio=False)
    assert piece.duration_ms == sg.SEGMENT_MS_MAX
    big = [picture(at, at, key=at == 0, padding=sg.SEGMENT_BYTES_MAX // 10) for at in range(0, 3000, 100)]
    (piece,) = cut(big, expects_audio=False)
    assert sum(len(sample.data) for sample in piece.video) <= sg.SEGMENT_BYTES_MAX


def test_a_broken_keyframe_ends_the_piece() -> None:
    """Pictures that lean on a keyframe we cannot read are not kept."""
    broken = picture(200, 2, key=True, head=b"\x10")
    pieces = cut([picture(0, 0, key=True), picture(100, 1), broken, picture(300, 3)], expects_audio=False)
    assert [len(piece.video) for piece in pieces] == [2]


def test_audio_is_in_the_piece_in_which_it_starts() -> None:
    """A packet that arrives after the cut still joins the piece in which it starts."""
    frames = steady(5, with_sound=False)
    late = [sound(at, at, delay_ms=200) for at in range(0, 5000, 20)]
    early = [sound(0, 0)]  # so that the audio's clock knows its delay
    pieces = cut(sorted([*frames, *early, *late[1:]], key=lambda frame: frame.arrival_ms))
    assert len(pieces[0].audio) == 200
    assert pieces[0].audio[-1].ticks == pytest.approx(3980 * 48, abs=48)


def test_sound_that_comes_late_is_in_time_from_the_first_piece_on() -> None:
    """What the reports say of its clock counts before any of it is cut: sound that was timed by its late
    arrival, and then put right, would lie on top of itself where the second piece begins."""
    late_ms = 380
    frames = [picture(at, at, key=at % 1000 == 0) for at in range(0, 12_000, 100)]
    frames += [sound(at, at, late_ms) for at in range(0, 12_000, 20)]
    segmenter, pieces = Segmenter(), []
    for frame in sorted(frames, key=lambda frame: frame.arrival_ms):
        pieces += segmenter.push(frame)
        at_ms = frame.arrival_ms - 20 - START_MS
        if frame.codec is Codec.VP8 and at_ms % 1000 == 500:
            sender_us = (START_MS + at_ms) * 1000
            segmenter.clocks.report(Codec.VP8, sender_us, at_ms * 90 + 7_000, frame.arrival_ms)
            segmenter.clocks.report(Codec.OPUS, sender_us, at_ms * 48 + 123, frame.arrival_ms)
    pieces += segmenter.flush()
    for piece in pieces:
        steps = [later.ticks - earlier.ticks for earlier, later in pairwise(piece.audio)]
        assert all(abs(step - 20 * 48) <= 48 for step in steps), steps[:3]
        for sample in piece.audio:
            filmed_ms = int.from_bytes(sample.data[-4:], "big")
            assert abs(piece.start_unix_ms + sample.ticks / 48 - (START_MS + filmed_ms + 20)) <= 1
    assert sum(len(piece.audio) for piece in pieces) == 600


def test_keyframes_are_asked_for_at_the_target_and_once_a_second() -> None:
    """First at once, then when the piece is due, then once a second."""
    segmenter = Segmenter(first_target_ms=2000, expects_audio=False)
    asked = []
    for at in range(0, 4000, 100):
        if at:
            segmenter.push(picture(at, at, key=at == 100, delay_ms=0))
        if segmenter.wants_keyframe(START_MS + at):
            asked.append(at)
    assert asked == [0, 2100, 3100]


def test_the_take_opens_when_its_type_is_known() -> None:
    """With the first keyframe, once sound came or stayed away for OPENING_MS."""
    segmenter = Segmenter()
    assert segmenter.opening(START_MS) is None
    segmenter.push(picture(0, 0, key=True))
    assert segmenter.opening(START_MS + 500) is None
    assert segmenter.opening(START_MS + 20 + sg.OPENING_MS) == ('video/webm; codecs="vp8"', START_MS + 20)
    segmenter.push(sound(10, 0))
    assert segmenter.opening(START_MS + 500) == ('video/webm; codecs="vp8,opus"', START_MS + 20)


def test_the_clock_takes_the_least_delay() -> None:
    """The mapping is that of the frame that was delayed least."""
    clock = TrackClock(VIDEO_CLOCK)
    for at, delay in ((0, 300), (100, 40), (200, 90)):
        clock.observe(at * 90, START_MS + at + delay)
    clock.settle()
    assert clock.unix_us(0) == (START_MS + 40) * 1000


@given(st.integers(-400, 400))
def test_the_clock_follows_drift_slowly(ppm: int) -> None:
    """A sender's clock that is wrong by up to 400 ppm stays within 25 ms for three hours."""
    clock = TrackClock(AUDIO_CLOCK)
    worst = 0
    for segment in range(2700):
        for at in range(segment * 4000, segment * 4000 + 4000, 1000):
            ticks = at * 48 * (1_000_000 + ppm) // 1_000_000
            clock.observe(ticks, START_MS + at)
        worst = max(worst, abs(clock.unix_us(ticks) - (START_MS + at) * 1000))
        clock.settle()
    assert worst < 25_000


def test_the_clock_stays_put_for_noise_and_slews_within_bounds() -> None:
    """Residuals within the dead zone move nothing; beyond, one boundary moves at most SLEW_MAX_US."""
    clock = TrackClock(VIDEO_CLOCK)
    clock.observe(0, START_MS)
    clock.settle()
    before = clock.unix_us(0)
    clock.observe(90, START_MS + 1 + DEAD_ZONE_US // 1000)
    clock.settle()
    assert clock.unix_us(0) == before
    clock.observe(180, START_MS + 2 + 500)
    clock.settle()
    assert clock.unix_us(0) == before + SLEW_MAX_US


def test_sound_goes_on_while_video_stands_still() -> None:
    """However long no picture comes, sound is cut by time and none is lost; each piece plays alone and shows
    the last picture, and pictures that come again without a keyframe go on from it."""
    stall_ms = 10 * 60_000
    pictures = [picture(at, at, key=at == 0) for at in range(0, 1000, 100)]
    later = [picture(stall_ms + at, at, key=False) for at in range(1000, 2000, 100)]
    sounds = [sound(at, at) for at in range(0, stall_ms + 2000, 20)]
    pieces = cut(sorted([*pictures, *later, *sounds], key=lambda frame: frame.arrival_ms))
    assert len(pieces) == stall_ms // sg.STALL_MS + 1
    for earlier, following in pairwise(pieces):
        assert earlier.start_unix_ms + earlier.duration_ms == following.start_unix_ms
        assert earlier.duration_ms <= sg.STALL_MS + 2000
    assert sum(len(piece.audio) for piece in pieces) == len(sounds)
    shown = [frame.data for frame in pictures]
    for piece in pieces:
        assert [sample.data for sample in piece.video[: len(shown)]] == shown
        assert piece.video[0].keyframe
        assert piece.video[0].ticks == 0
    assert [sample.data for sample in pieces[-1].video[len(shown) :]] == [frame.data for frame in later]


def test_a_stalled_picture_too_large_to_repeat_leaves_a_gap() -> None:
    """What is repeated is bounded; without it sound goes on alone, and says why, up to the next keyframe."""
    big = picture(0, 0, key=True, padding=open_piece.REPEATED_BYTES_MAX)
    sounds = [sound(at, at) for at in range(0, 3 * sg.STALL_MS, 20)]
    resumed = picture(3 * sg.STALL_MS, 1, key=True)
    pieces = cut(sorted([big, *sounds, resumed], key=lambda frame: frame.arrival_ms))
    first, *alone, last = pieces
    assert first.duration_ms == pytest.approx(sg.STALL_MS, abs=40)
    assert [len(piece.video) for piece in pieces] == [1, *[0] * len(alone), 1]
    assert sum(len(piece.audio) for piece in pieces) == len(sounds)
    for piece in alone:
        assert piece.media_type == 'audio/webm; codecs="opus"'
        (absence,) = piece.absences
        assert (absence.part, absence.cause) == (GapPart.PICTURE, EndCause.NO_KEYFRAME)
        assert absence.end_unix_ms - absence.start_unix_ms == piece.duration_ms
    for earlier, later in pairwise([first, *alone, last]):
        assert earlier.start_unix_ms + earlier.duration_ms == later.start_unix_ms
