"""Sound is evidence by itself: it is stored with its pictures or without, and its holes are told."""

from itertools import pairwise

import pytest

from capture.cut.segmenter import LEAD_MS, SEGMENT_MS, SEGMENT_MS_MAX, STALL_MS, Segmenter
from capture.media.frames import Codec, EncodedFrame
from capture.media.piece import Piece
from capture.recorder import Absence
from proctoring.recordings.model import EndCause, GapPart
from tests.unit.capture.cut.test_segmenter import KEY, START_MS, cut, picture, sound, steady

pytestmark = pytest.mark.packet

ALONE = 'audio/webm; codecs="opus"'


def by_arrival(*frames: EncodedFrame) -> list[EncodedFrame]:
    return sorted(frames, key=lambda frame: frame.arrival_ms)


def absences(pieces: list[Piece], part: GapPart) -> list[tuple[int, int, EndCause]]:
    """As one where they abut, in ms since the start."""
    found: list[Absence] = []
    for one in [absence for piece in pieces for absence in piece.absences if absence.part is part]:
        if found and found[-1].end_unix_ms == one.start_unix_ms and found[-1].cause == one.cause:
            one = Absence(part, found.pop().start_unix_ms, one.end_unix_ms, one.cause)
        found.append(one)
    return [(one.start_unix_ms - START_MS, one.end_unix_ms - START_MS, one.cause) for one in found]


def test_sound_before_the_first_keyframe_is_stored() -> None:
    """An encoder whose first keyframe is lost: eight seconds of sound without picture, and why; then both."""
    sounds = [sound(at, at) for at in range(0, 12_000, 20)]
    pictures = [picture(at, at, key=at == 8_000) for at in range(8_000, 12_000, 100)]
    pieces = cut(by_arrival(*sounds, *pictures))
    assert [piece.media_type for piece in pieces[:2]] == [ALONE, ALONE]
    assert pieces[-1].media_type == 'video/webm; codecs="vp8,opus"'
    assert sum(len(piece.audio) for piece in pieces) == len(sounds)
    assert absences(pieces, GapPart.PICTURE) == [(20, 8_020, EndCause.NO_KEYFRAME)]
    for earlier, later in pairwise(pieces):
        assert earlier.start_unix_ms + earlier.duration_ms == later.start_unix_ms


def test_a_short_lead_of_sound_goes_with_the_first_picture() -> None:
    """Where pictures begin within LEAD_MS of the sound there is no piece of sound alone; none is lost."""
    sounds = [sound(at, at) for at in range(0, 3_000, 20)]
    pictures = [picture(at, at, key=at == LEAD_MS) for at in range(LEAD_MS, 3_000, 100)]
    (piece,) = cut(by_arrival(*sounds, *pictures))
    assert piece.start_unix_ms == START_MS + 20
    assert len(piece.audio) == len(sounds)
    assert [sample.ticks // 90 for sample in piece.video[:3]] == [0, LEAD_MS + 100, LEAD_MS + 200]


def test_pictures_without_keyframes_go_on_in_pieces_that_play_alone() -> None:
    """An encoder that makes one keyframe only: after SEGMENT_MS_MAX the next piece repeats the pictures since
    then, so that what follows decodes; nothing is lost."""
    pictures = [picture(at, at, key=at == 0) for at in range(0, SEGMENT_MS_MAX + 20_000, 1_000)]
    first, second = cut(pictures, expects_audio=False)
    assert first.duration_ms == SEGMENT_MS_MAX
    repeated = len(first.video)
    assert [sample.data for sample in second.video[:repeated]] == [sample.data for sample in first.video]
    assert second.video[0].keyframe
    rest = [frame.data for frame in pictures[repeated:]]
    assert [sample.data for sample in second.video[repeated:]] == rest


def test_pictures_that_no_keyframe_leads_to_leave_sound_alone() -> None:
    """Where too much would have to be repeated, sound goes on and says that no keyframe came."""
    frames = steady(SEGMENT_MS_MAX // 1000 + 12, key_every_ms=10**9)
    pieces = cut(frames)
    assert pieces[0].duration_ms == SEGMENT_MS_MAX
    assert {piece.media_type for piece in pieces[1:]} == {ALONE}
    assert sum(len(piece.audio) for piece in pieces) == sum(f.codec is Codec.OPUS for f in frames)
    ((start, end, cause),) = absences(pieces, GapPart.PICTURE)
    assert cause is EndCause.NO_KEYFRAME
    assert end - start == pytest.approx(12_000, abs=50)


def test_pictures_in_vain_are_told_before_the_first_that_is_shown() -> None:
    """No keyframe for nine seconds and no sound: the first piece says since when, and why.
    Not where packets were lost, or the keyframe came soon."""
    for first_ms, lost, wanted in (
        (9_000, False, [(500, 9_020, EndCause.NO_KEYFRAME)]),
        (9_000, True, []),
        (1_000, False, []),
    ):
        segmenter = Segmenter(expects_audio=False)
        for at in range(500, first_ms, 100):
            segmenter.wants_keyframe(START_MS + at, lost=True)
        pieces = [piece for at in range(first_ms, first_ms + 2_000, 100)
                  for piece in segmenter.push(picture(at, at, key=at == first_ms,
                                                      after_loss=lost and at == first_ms))]  # fmt: skip
        pieces += segmenter.flush()
        assert absences(pieces, GapPart.ALL) == wanted


def test_a_hole_between_pieces_says_why() -> None:
    """Without sound: no keyframe leads to what came, or what came cannot be stored. A lost connection is not
    told."""
    long = [picture(at, at, key=at == 0) for at in range(0, SEGMENT_MS_MAX + 6_000, 100)]
    again = [
        picture(at, at, key=at == SEGMENT_MS_MAX + 6_000) for at in range(SEGMENT_MS_MAX + 6_000, 70_000, 100)
    ]
    pieces = cut([*long, *again], expects_audio=False)
    ((start, end, cause),) = absences(pieces, GapPart.ALL)
    assert (end - start, cause) == (6_000, EndCause.NO_KEYFRAME)
    strange = [picture(at, at, key=True, head=KEY[:6] + bytes(4)) for at in range(2_000, 5_000, 500)]
    good = [picture(at, at, key=at % 1_000 == 0) for at in (*range(0, 2_000, 100), *range(5_000, 7_000, 100))]
    pieces = cut(by_arrival(*good, *strange), expects_audio=False)
    assert [(end, why) for _, end, why in absences(pieces, GapPart.ALL)] == [(5_020, EndCause.NOT_STORABLE)]
    lost = [picture(at, at, key=at % 1_000 == 0, after_loss=at == 5_000)
            for at in (*range(0, 2_000, 100), *range(5_000, 7_000, 100))]  # fmt: skip
    assert absences(cut(lost, expects_audio=False), GapPart.ALL) == []


def test_sound_goes_on_through_lost_pictures() -> None:
    """Pictures lost for three seconds: one take, no gap in the sound, and the stretch is told."""
    pictures = [picture(at, at, key=at % 1000 == 0) for at in range(0, 2_000, 100)]
    again = [picture(at, at, key=at == 5_000, after_loss=at == 5_000) for at in range(5_000, 7_000, 100)]
    sounds = [sound(at, at) for at in range(0, 7_000, 20)]
    pieces = cut(by_arrival(*pictures, *again, *sounds))
    assert sum(len(piece.audio) for piece in pieces) == len(sounds)
    ((start, end, cause),) = absences(pieces, GapPart.PICTURE)
    assert (cause, end) == (EndCause.CONNECTION_LOST, 5_020)
    assert start == pytest.approx(1_960, abs=50)


def test_a_camera_that_gives_nothing_any_more_is_told() -> None:
    """Its last picture is shown on with the sound, and from then on said to be no more than that."""
    pictures = [picture(at, at, key=at % 1000 == 0) for at in range(0, 5_000, 100)]
    sounds = [sound(at, at) for at in range(0, 30_000, 20)]
    pieces = cut(by_arrival(*pictures, *sounds))
    start, _, cause = absences(pieces, GapPart.PICTURE)[0]
    assert cause is EndCause.DEVICE_LOST
    assert start == pytest.approx(4_960, abs=50)
    told_ms = sum(end - start for start, end, _ in absences(pieces, GapPart.PICTURE))
    assert told_ms >= 2 * STALL_MS - 100
    assert sum(len(piece.audio) for piece in pieces) == len(sounds)


@pytest.mark.parametrize(
    ("lost", "missing_ms", "cause"),
    [(True, 400, EndCause.SOUND_LOST), (False, 3_000, EndCause.SOUND_MISSING)],
)
def test_missing_sound_is_told(lost: bool, missing_ms: int, cause: EndCause) -> None:
    """Packets lost on the way, from 200 ms on; a microphone that gave nothing, from a second on."""
    sounds = [sound(at, at) for at in range(0, 12_000, 20) if not 5_000 <= at < 5_000 + missing_ms]
    if lost:
        first = next(place for place, one in enumerate(sounds) if one.ticks >= (5_000 + missing_ms) * 48)
        one = sounds[first]
        sounds[first] = EncodedFrame(
            one.codec, one.ticks, one.arrival_ms, one.data, keyframe=True, after_loss=True
        )
    pictures = steady(12, with_sound=False)
    ((start, end, told),) = absences(cut(by_arrival(*sounds, *pictures)), GapPart.SOUND)
    assert told is cause
    assert [start, end] == pytest.approx([5_020, 5_020 + missing_ms], abs=5)


def with_losses(*lost_ms: int) -> list[tuple[int, int, EndCause]]:
    """What twelve seconds tell of their sound, without the packets of these times."""
    sounds = []
    for at in range(0, 12_000, 20):
        if at not in lost_ms:
            one = sound(at, at)
            after_loss = at - 20 in lost_ms
            sounds.append(
                EncodedFrame(
                    one.codec, one.ticks, one.arrival_ms, one.data, keyframe=True, after_loss=after_loss
                )
            )
    return absences(cut(by_arrival(*sounds, *steady(12, with_sound=False))), GapPart.SOUND)


def test_sound_lost_bit_by_bit_is_a_gap_once_it_adds_up() -> None:
    """As a full buffer loses it: packets here and there, 200 ms of a piece in all, are one gap from the first
    to the last; less is silence without a word."""
    scattered = [4_500 + 100 * number for number in range(10)]
    ((start, end, cause),) = with_losses(*scattered)
    assert cause is EndCause.SOUND_LOST
    assert [start, end] == pytest.approx([4_520, 5_440], abs=5)
    assert with_losses(*scattered[1:]) == []
    assert with_losses(*(200 + 1_000 * number for number in range(12))) == []


def test_a_longer_hole_between_bits_is_told_by_itself() -> None:
    """No instant is told twice, and what lies over a cut counts in each piece as far as it lies there."""
    before = [4_500 + 60 * number for number in range(10)]
    long = [*range(5_500, 5_800, 20)]
    after = [6_000 + 60 * number for number in range(10)]
    found = with_losses(*before, *long, *after)
    assert [(end - start) // 10 * 10 for start, end, _ in found] == [560, 300, 560]
    for (_, earlier_end, _), (later_start, _, _) in pairwise(found):
        assert earlier_end <= later_start
    assert with_losses(*range(3_900, 4_080, 20)) == []


def test_silence_that_an_encoder_leaves_out_is_no_gap() -> None:
    """Discontinuous transmission: a packet every 400 ms while nobody speaks."""
    sounds = [sound(at, at) for at in range(0, 12_000, 20) if not 3_000 < at < 9_000 or at % 400 == 0]
    pieces = cut(by_arrival(*sounds, *steady(12, with_sound=False)))
    assert absences(pieces, GapPart.SOUND) == []


def test_sound_without_any_picture_is_cut_by_time() -> None:
    """A camera that gives nothing: pieces of about SEGMENT_MS, none lost, the end kept."""
    segmenter = Segmenter()
    sounds = [sound(at, at) for at in range(0, 3 * SEGMENT_MS, 20)]
    pieces = [piece for frame in sounds for piece in segmenter.push(frame)] + segmenter.flush()
    assert {piece.media_type for piece in pieces} == {ALONE}
    assert sum(len(piece.audio) for piece in pieces) == len(sounds)
    assert sum(piece.duration_ms for piece in pieces) == pytest.approx(3 * SEGMENT_MS, abs=2)
