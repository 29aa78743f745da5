"""A file cut to what is missing: whole from the first instant of the gap, nothing outside it."""

import io

import av
import pytest

from capture.late.cut import cut
from capture.media import webm
from capture.media.piece import TICKS_PER_MS
from capture.media.webm_read import read
from proctoring.recordings.spans import Span
from tests.unit.capture.recorded import recorded_file

ZERO = 1_000_000


def piece_of(begin_ms: int, end_ms: int, file: bytes | None = None):
    return cut(read(file or recorded_file()), ZERO, Span(ZERO + begin_ms, ZERO + end_ms))


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
    assert piece_of(-2_000, -1_000) is None


def test_pictures_that_do_not_fit_into_the_gap_are_none() -> None:
    """A segment never lasts longer than its stretch."""
    file = (
        recorded_file(40_000)
        .replace(b"\x9d\x01\x2a", b"\x9d\x01\x2b")
        .replace(b"\x9d\x01\x2b", b"\x9d\x01\x2a", 1)
    )
    assert piece_of(39_700, 39_950, file) is None


@pytest.mark.parametrize("stretch", [(0, 4_000), (1_450, 2_650), (-300, 700)])
def test_what_is_written_is_a_file_that_plays_alone(stretch: tuple[int, int]) -> None:
    """Times from 0, the stated length, strictly ascending."""
    piece = piece_of(*stretch)
    with av.open(io.BytesIO(webm.write(piece))) as container:
        times = [packet.pts for packet in container.demux(video=0) if packet.pts is not None]
        assert container.duration == piece.duration_ms * 1_000
    assert times[0] == 0
    assert times == sorted(set(times))
