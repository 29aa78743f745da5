"""A file cut to what is missing: whole from the first instant of the gap, nothing outside it."""

import io

import av
import pytest

from capture.late.cut import cut
from capture.media import webm
from capture.media.piece import TICKS_PER_MS, Piece
from capture.media.webm_read import read
from proctoring.recordings.spans import Span
from tests.unit.capture.recorded import DELTA, KEY, recorded_file, sound_alone

ZERO = 1_000_000


def cut_of(begin_ms: int, end_ms: int, file: bytes | None = None) -> Piece | None:
    return cut(read(file or recorded_file()), ZERO, Span(ZERO + begin_ms, ZERO + end_ms))


def piece_of(begin_ms: int, end_ms: int, file: bytes | None = None) -> Piece:
    piece = cut_of(begin_ms, end_ms, file)
    assert piece is not None
    return piece


def test_a_gap_that_begins_within_the_file_keeps_what_its_pictures_need() -> None:
    """From the last keyframe before it, each a millisecond long; then every picture at its own time."""
    piece = piece_of(1_450, 4_000)
    assert (piece.start_unix_ms, piece.duration_ms) == (ZERO + 1_450, 2_550)
    ms = [sample.ticks // TICKS_PER_MS for sample in piece.video]
    assert ms == [0, 1, 2, 3, 4, *range(50, 2_550, 100)]
    assert piece.video[0].keyframe


def test_nothing_reaches_beyond_the_gap() -> None:
    """What comes behind it is stored already."""
    piece = piece_of(-500, 1_850)
    assert piece.video[-1].ticks // TICKS_PER_MS == 2_300
    assert all(0 <= sample.ticks // 48 < 2_350 for sample in piece.audio)
    assert piece.audio[0].ticks // 48 == 500


def test_a_picture_that_stands_still_is_shown_on() -> None:
    """A still screen sends few pictures; the last one before the gap is what was on it."""
    piece = piece_of(3_950, 4_500)
    assert [sample.ticks // TICKS_PER_MS for sample in piece.video] == list(range(10))
    assert piece.duration_ms == 550


def test_a_stretch_with_no_picture_is_none() -> None:
    """Before the file's first picture there is nothing to show."""
    assert cut_of(-2_000, -1_000) is None


def one_keyframe(length_ms: int, *, sound: bool) -> bytes:
    """A file whose first keyframe is its only one."""
    first, rest = recorded_file(length_ms, sound=sound).split(KEY, 1)
    return first + KEY + rest.replace(KEY, DELTA)


def test_pictures_that_do_not_fit_into_the_gap_are_none() -> None:
    """A segment never lasts longer than its stretch; where there is sound, it is stored alone."""
    assert cut_of(39_700, 39_950, one_keyframe(40_000, sound=False)) is None
    piece = piece_of(39_700, 39_950, one_keyframe(40_000, sound=True))
    assert (piece.config, piece.video, len(piece.audio)) == (None, (), 4)
    assert told(piece) == [("picture", 39_700, 39_950, "no-keyframe")]


def told(piece: Piece | None) -> list[tuple[str, int, int, str]]:
    """What the piece says is missing, in milliseconds of the file."""
    assert piece is not None
    return [
        (one.part.value, one.start_unix_ms - ZERO, one.end_unix_ms - ZERO, one.cause.value)
        for one in piece.absences
    ]


def test_sound_alone_is_a_piece_that_says_why_there_is_no_picture() -> None:
    """As live sound without pictures is: `audio/webm` alone, and the whole stretch without picture."""
    piece = piece_of(500, 3_000, sound_alone(4_000))
    assert piece.media_type == 'audio/webm; codecs="opus"'
    assert [sample.ticks // 48 for sample in piece.audio] == list(range(40, 2_500, 60))
    assert told(piece) == [("picture", 500, 3_000, "device-lost")]
    with av.open(io.BytesIO(webm.write(piece)), "r") as container:
        assert [stream.type for stream in container.streams] == ["audio"]


def test_silence_of_a_second_and_more_is_told() -> None:
    """In a file that declares sound: at its beginning, within and at its end; a shorter one is none."""
    with_holes = read(recorded_file(8_000))
    with_holes.audio[:] = [s for s in with_holes.audio if s.ticks // 48 // 1_000 in (1, 2, 5)]
    piece = cut(with_holes, ZERO, Span(ZERO, ZERO + 6_500))
    assert [(start // 100, end // 100) for _, start, end, _ in told(piece)] == [(0, 10), (30, 50)]
    assert {(part, cause) for part, _, _, cause in told(piece)} == {("sound", "sound-missing")}
    piece = cut(with_holes, ZERO, Span(ZERO + 1_000, ZERO + 8_000))
    assert told(piece)[-1][2] == 8_000


def test_a_picture_that_is_shown_on_with_the_sound_is_told() -> None:
    """A camera that gives nothing any more for ten seconds; a still screen without sound is none."""
    for sound in (True, False):
        recorded = read(recorded_file(20_000, sound=sound))
        recorded.video[:] = recorded.video[:50]
        piece = cut(recorded, ZERO, Span(ZERO, ZERO + 20_000))
        assert told(piece) == ([("picture", 4_940, 20_000, "device-lost")] if sound else [])


@pytest.mark.parametrize("stretch", [(0, 4_000), (1_450, 2_650), (-300, 700)])
def test_what_is_written_is_a_file_that_plays_alone(stretch: tuple[int, int]) -> None:
    """Times from 0, the stated length, strictly ascending."""
    piece = piece_of(*stretch)
    with av.open(io.BytesIO(webm.write(piece)), "r") as container:
        times = [packet.pts for packet in container.demux(video=0) if packet.pts is not None]
        assert container.duration == piece.duration_ms * 1_000
    assert times[0] == 0
    assert times == sorted(set(times))
