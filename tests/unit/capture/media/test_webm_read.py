"""Files of strangers are taken apart without decoding, or refused; never anything else."""

import random
from collections.abc import Callable

import pytest

from capture.errors import BadPayload
from capture.media.piece import Vp8Config
from capture.media.webm_read import read
from proctoring.recordings.model import EndCause
from tests.fuzz.mutate import mutate_bytes
from tests.unit.capture.recorded import (
    DELTA,
    KEY,
    OPUS_60_MS,
    from_the_middle,
    recorded_file,
    sound_alone,
    without_lengths,
)

pytestmark = pytest.mark.packet


@pytest.mark.parametrize("form", [lambda file: file, without_lengths], ids=["whole", "live"])
def test_pictures_and_sound_come_back_with_their_times(form: Callable[[bytes], bytes]) -> None:
    """Whatever way the writer left lengths, each frame has its time in its own clock rate."""
    recorded = read(form(recorded_file()))
    assert recorded.config == Vp8Config(640, 480)
    assert [sample.ticks for sample in recorded.video] == [ms * 90 for ms in range(0, 4000, 100)]
    assert [at for at, sample in enumerate(recorded.video) if sample.keyframe] == [0, 10, 20, 30]
    assert [sample.ticks for sample in recorded.audio] == [ms * 48 for ms in range(0, 4000, 60)]


def test_times_count_from_the_first_keyframe() -> None:
    """A part of a long file is one; what stands before its keyframe cannot be shown and is not its."""
    recorded, whole = read(from_the_middle(8_000, 4_000)), read(recorded_file())
    for samples, wanted in ((recorded.video, whole.video), (recorded.audio, whole.audio)):
        assert [(s.ticks, s.data, s.keyframe) for s in samples] == [
            (s.ticks, s.data, s.keyframe) for s in wanted
        ]


def test_a_file_without_sound_is_one() -> None:
    """A screen has none."""
    assert read(recorded_file(sound=False)).audio == []


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda file: b"", "no WebM"),
        (lambda file: b"%PDF-1.7" + file, "no EBML|no WebM|cut short"),
        (lambda file: file.replace(b"webm", b"mkv\0"), "no WebM"),
        (lambda file: file[:120], "cut short"),
        (lambda file: file.replace(b"V_VP8", b"V_VP9"), "something else"),
        (lambda file: file.replace(b"\x2a\xd7\xb1\x83\x0f", b"\x2a\xd7\xb1\x83\x0e"), "milliseconds"),
        (lambda file: file.replace(KEY, KEY[:3] + b"\0\0\0" + KEY[6:]), "no picture"),
    ],
    ids=["empty", "pdf", "matroska", "cut", "codec", "scale", "no-key"],
)
def test_what_is_no_recording_is_refused_with_its_reason(spoil: Callable[[bytes], bytes], why: str) -> None:
    """Structure, codecs, lengths and times are checked; nothing is decoded."""
    with pytest.raises(BadPayload, match=why):
        read(spoil(recorded_file(sound=False)))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda file: file.replace(KEY, DELTA), EndCause.NO_KEYFRAME),
        (lambda file: file.replace(KEY, KEY[:6] + bytes(4) + KEY[10:]), EndCause.NOT_STORABLE),
        (lambda file: file.replace(b"V_VP8", b"V_VP9"), EndCause.NOT_STORABLE),
    ],
    ids=["no-key", "no-size", "codec"],
)
def test_sound_is_read_where_no_picture_can_be_shown(spoil: Callable[[bytes], bytes], why: EndCause) -> None:
    """Every packet, from the first one on, with the reason why there is no picture."""
    recorded = read(spoil(recorded_file()))
    assert (recorded.config, recorded.video, recorded.no_picture) == (None, [], why)
    assert [sample.ticks for sample in recorded.audio] == [ms * 48 for ms in range(0, 4000, 60)]


def test_a_file_of_sound_alone_is_one() -> None:
    """The camera is gone and the recorder writes one track."""
    recorded = read(sound_alone(4_000))
    assert (recorded.config, recorded.no_picture) == (None, EndCause.DEVICE_LOST)
    assert len(recorded.audio) == 67


def test_a_malformed_packet_costs_itself() -> None:
    """As with live media: what cannot be Opus is not there, all else is."""
    whole = recorded_file()
    one = read(whole.replace(OPUS_60_MS, b"\x1bsound", 1))
    assert (len(one.video), len(one.audio)) == (40, 66)
    none = read(whole.replace(OPUS_60_MS, b"\x1bsound"))
    assert (len(none.video), none.audio, none.no_sound) == (40, [], EndCause.SOUND_MISSING)


def test_a_file_that_is_cut_short_holds_what_came_before() -> None:
    """Up to the last whole block, wherever it was cut."""
    file = recorded_file()
    for at in range(file.index(DELTA) + 100, len(file), 97):
        recorded = read(file[:at])
        assert [sample.ticks for sample in recorded.video] == [ms * 9000 for ms in range(len(recorded.video))]
    assert (len(read(file[:-1]).video), len(read(file[:-1]).audio)) == (40, 66)


def test_any_change_of_bytes_is_read_or_refused() -> None:
    """No other exception, no endless loop, whatever the bytes."""
    chance = random.Random(7)
    for _ in range(3_000):
        changed = mutate_bytes(chance, without_lengths(recorded_file(600)))
        try:
            recorded = read(changed)
        except BadPayload:
            continue
        for samples in (recorded.video, recorded.audio):
            times = [sample.ticks for sample in samples]
            assert times == sorted(set(times))
        assert recorded.video or recorded.audio
        assert (recorded.config is not None) == bool(recorded.video)
        assert not recorded.video or recorded.video[0].keyframe
