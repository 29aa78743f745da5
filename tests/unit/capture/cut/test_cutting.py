"""Effects of a frame: pieces, requests for keyframes, one opening; and nothing that it raises gets out."""

from dataclasses import dataclass, field

import pytest

from capture.cut.cutting import UNREADABLE_MS_MAX, Cutting
from capture.cut.segmenter import KEYFRAME_REQUEST_MS, SEGMENT_MS, Segmenter
from capture.media.frames import Codec, EncodedFrame
from capture.media.piece import Piece
from proctoring.recordings.model import EndCause

pytestmark = pytest.mark.packet

START_MS = 1_800_000_000_000
KEY = b"\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01"
DELTA = b"\x11\x02\x00"
VP8 = 'video/webm; codecs="vp8"'


def picture(at_ms: int, key: bool = False) -> EncodedFrame:
    return EncodedFrame(Codec.VP8, at_ms * 90, START_MS + at_ms, KEY if key else DELTA, keyframe=key)


@dataclass
class Told:
    """What a cutting tells; `broken_store` makes `put` raise."""

    pieces: list[Piece] = field(default_factory=list)
    asked: int = 0
    opened: list[tuple[str, int]] = field(default_factory=list)
    unreadable: int = 0
    broken: list[Exception] = field(default_factory=list)
    broken_store: bool = False

    def cutting(self) -> Cutting:
        segmenter = Segmenter(expects_audio=False)
        return Cutting(
            segmenter,
            put=self.put,
            ask=self.ask,
            opened=self.open,
            unreadable=self.not_storable,
            broken=self.broken.append,
        )

    def put(self, piece: Piece) -> None:
        if self.broken_store:
            raise RuntimeError("nobody takes it")
        self.pieces.append(piece)

    def ask(self) -> None:
        self.asked += 1

    def not_storable(self) -> None:
        self.unreadable += 1

    def open(self, media_type: str, start_unix_ms: int) -> None:
        self.opened.append((media_type, start_unix_ms))


def test_pieces_go_on_and_the_take_opens_once() -> None:
    """Every piece that a frame completes; the opening at the first keyframe and never again."""
    told = Told()
    cutting = told.cutting()
    for at in range(0, 3 * SEGMENT_MS, 100):
        cutting.frame(picture(at, key=at % 1000 == 0))
    assert [piece.start_unix_ms - START_MS for piece in told.pieces] == [0, SEGMENT_MS]
    assert told.opened == [(VP8, START_MS)]
    assert told.broken == []


def test_a_keyframe_is_asked_for_once_it_is_needed() -> None:
    """At the start, where only one can begin a piece; at the target; at once when pictures were lost. Never
    two requests within KEYFRAME_REQUEST_MS."""
    told = Told()
    cutting = told.cutting()
    cutting.frame(picture(0))
    cutting.frame(picture(KEYFRAME_REQUEST_MS - 1))
    assert told.asked == 1
    begun = KEYFRAME_REQUEST_MS
    for at in range(begun, begun + SEGMENT_MS, 100):
        cutting.frame(picture(at, key=at == begun))
    assert told.asked == 1
    cutting.frame(picture(begun + SEGMENT_MS))
    cutting.frame(picture(begun + SEGMENT_MS + KEYFRAME_REQUEST_MS - 1))
    assert told.asked == 2
    cutting.look(START_MS + begun + SEGMENT_MS + KEYFRAME_REQUEST_MS)
    assert told.asked == 3
    cutting.lost(START_MS + begun + SEGMENT_MS + 2 * KEYFRAME_REQUEST_MS)
    assert told.asked == 4


def test_pictures_that_cannot_be_stored_are_told_of_once() -> None:
    """Keyframes have come for UNREADABLE_MS_MAX of which none could be stored, as of H.264 without its
    parameter sets; one that can be read takes it back."""
    told = Told()
    cutting = told.cutting()
    for at in range(0, 2 * UNREADABLE_MS_MAX, 500):
        cutting.frame(EncodedFrame(Codec.VP8, at * 90, START_MS + at, b"\x10", keyframe=True))
        assert told.unreadable == (at >= UNREADABLE_MS_MAX)
    told = Told()
    cutting = told.cutting()
    cutting.frame(EncodedFrame(Codec.VP8, 0, START_MS, b"\x10", keyframe=True))
    cutting.frame(picture(100, key=True))
    cutting.look(START_MS + 2 * UNREADABLE_MS_MAX)
    assert not told.unreadable


def test_pictures_in_vain_are_told_where_nothing_was_stored() -> None:
    """For long none came that decodes alone, or that can be stored; never of a take that was opened."""
    told = Told()
    cutting = told.cutting()
    cutting.lost(START_MS)
    assert cutting.in_vain(START_MS + UNREADABLE_MS_MAX - 1) is None
    assert cutting.in_vain(START_MS + UNREADABLE_MS_MAX) == (EndCause.NO_KEYFRAME, START_MS)
    cutting.frame(EncodedFrame(Codec.VP8, 0, START_MS + 1_000, b"\x10", keyframe=True))
    assert cutting.in_vain(START_MS + UNREADABLE_MS_MAX) == (EndCause.NOT_STORABLE, START_MS)
    cutting.frame(picture(2_000, key=True))
    cutting.flush()
    cutting.lost(START_MS + 3_000)
    assert cutting.in_vain(START_MS + 20_000) is None


def test_what_goes_wrong_with_a_frame_is_told() -> None:
    """Whoever reads everybody's packets does not see it."""
    told = Told(broken_store=True)
    cutting = told.cutting()
    for at in range(0, SEGMENT_MS + 1000, 100):
        cutting.frame(picture(at, key=at % 1000 == 0))
    assert [str(error) for error in told.broken] == ["nobody takes it"]
