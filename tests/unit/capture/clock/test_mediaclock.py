"""Arrivals and sender reports as one mapping: tracks in step, liars bounded, the way to a phone taken off."""

from itertools import pairwise

import pytest

from capture.clock.deviceclock import DeviceClock
from capture.clock.mediaclock import ALIGN_MAX_US, TRUST_US, TrackClock
from capture.cut.segmenter import Segmenter
from capture.media.frames import AUDIO_CLOCK, VIDEO_CLOCK, Codec, EncodedFrame

pytestmark = pytest.mark.packet

START_MS = 1_800_000_000_000
KEY = b"\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01"
SOUND = b"\xf8\xff\xfe"


def sender(unix_ms: int) -> int:
    return unix_ms * 1000


def run(
    clock: TrackClock,
    *,
    delay_ms: int,
    seconds: int,
    rate: int = VIDEO_CLOCK,
    reports_off_ms: int = 0,
    report_delay_ms: int = 20,
) -> int:
    """Frames every 100 ms, late by `delay_ms`, report and boundary every second; where the clock then places
    the last frame, in ms after it was filmed. The sender's clock runs an hour late."""
    for at_ms in range(0, seconds * 1000, 100):
        clock.observe(at_ms * rate // 1000 + 9_000, START_MS + at_ms + delay_ms)
        if at_ms % 1000 == 500:
            told = sender(START_MS + at_ms - 3_600_000 + reports_off_ms)
            clock.report(told, at_ms * rate // 1000 + 9_000, START_MS + at_ms + report_delay_ms)
        if at_ms % 1000 == 900:
            clock.settle()
    return clock.unix_us(at_ms * rate // 1000 + 9_000) // 1000 - (START_MS + at_ms)


def test_tracks_of_one_device_are_in_step() -> None:
    """Sound that always comes 180 ms later than its picture is placed beside it from the first boundary on:
    the reports of both stand on one clock, which the least delayed one places, an hour wrong as it is."""
    device = DeviceClock()
    picture = run(TrackClock(VIDEO_CLOCK, device), delay_ms=30, seconds=3)
    sound = run(TrackClock(AUDIO_CLOCK, device), delay_ms=210, seconds=3, rate=AUDIO_CLOCK)
    assert picture == 20
    assert sound == 20


def test_without_reports_arrivals_count() -> None:
    """A sender that never reports is placed by its least delayed frame."""
    clock = TrackClock(VIDEO_CLOCK)
    for at_ms in range(0, 3000, 100):
        clock.observe(at_ms * 90, START_MS + at_ms + 30 + at_ms % 7)
    clock.settle()
    assert clock.unix_us(0) == (START_MS + 30) * 1000


def test_a_phone_is_told_by_its_round_trip() -> None:
    """What even the least delayed packet needed on its way comes off: half of the shortest round trip."""
    device = DeviceClock()
    for us in (80_000, 120_000, 95_000):
        device.round_trip(us)
    assert run(TrackClock(VIDEO_CLOCK, device), delay_ms=90, seconds=3, report_delay_ms=50) == 10


def test_a_report_places_nothing_behind_its_arrival() -> None:
    """A frame is never told to have been filmed after it came, whatever the reports say."""
    assert run(TrackClock(VIDEO_CLOCK), delay_ms=30, seconds=8, report_delay_ms=400) == 30


def test_a_liar_moves_its_frames_by_no_more_than_the_trust() -> None:
    """Reports that would move a track further than TRUST_US against its arrivals count for nothing; another
    track of the device is not moved by them either."""
    device = DeviceClock()
    honest = TrackClock(VIDEO_CLOCK, device)
    assert run(honest, delay_ms=30, seconds=3) == 20
    lying = run(
        TrackClock(VIDEO_CLOCK, device), delay_ms=30, seconds=8, reports_off_ms=-TRUST_US // 1000 - 50
    )
    assert lying == 30
    assert run(honest, delay_ms=30, seconds=8) in range(20, 31)


def test_a_device_whose_clock_is_set_is_placed_anew() -> None:
    """When the device's clock is put back by an hour, what it films next is not placed an hour early, nor by
    arrivals alone for long: what was learned of the old clock is forgotten."""
    clock = TrackClock(VIDEO_CLOCK)
    for second in range(8):
        at_ms = second * 1000
        clock.observe(at_ms * 90, START_MS + at_ms + 95)
        set_back_ms = 3_600_000 if second >= 2 else 0
        if second:
            clock.report(sender(START_MS + at_ms - set_back_ms), at_ms * 90, START_MS + at_ms + 20)
        clock.settle()
    assert clock.unix_us(0) // 1000 - START_MS in range(20, 31)


def test_late_reports_align_step_by_step() -> None:
    """Reports that begin after the mapping is frozen move it by ALIGN_MAX_US a boundary at most, until it
    fits."""
    clock = TrackClock(VIDEO_CLOCK)
    for at_ms in range(0, 1000, 100):
        clock.observe(at_ms * 90, START_MS + at_ms + 95)
    clock.settle()
    places = [clock.unix_us(0)]
    for second in range(1, 8):
        at_ms = second * 1000
        clock.observe(at_ms * 90, START_MS + at_ms + 95)
        clock.report(sender(START_MS + at_ms), at_ms * 90, START_MS + at_ms + 20)
        clock.settle()
        places.append(clock.unix_us(0))
    steps = [earlier - later for earlier, later in pairwise(places)]
    assert max(steps) == ALIGN_MAX_US
    assert places[-1] // 1000 - START_MS in range(20, 31)


def test_a_segment_carries_sound_beside_its_picture() -> None:
    """Through the segmenter: sound delayed 180 ms more than pictures lies within 40 ms of the picture of its
    moment in every segment from the second on."""
    segmenter = Segmenter()
    frames = [
        EncodedFrame(
            Codec.VP8, at * 90 + 7_000, START_MS + at + 30, KEY + at.to_bytes(4, "big"), keyframe=True
        )
        for at in range(0, 21_000, 100)
    ]
    frames += [
        EncodedFrame(Codec.OPUS, at * 48 + 123, START_MS + at + 210, SOUND + at.to_bytes(4, "big"))
        for at in range(0, 21_000, 20)
    ]
    pieces, reported = [], 0
    for frame in sorted(frames, key=lambda one: one.arrival_ms):
        while reported <= frame.arrival_ms - START_MS - 20:
            for codec, rtp in ((Codec.VP8, reported * 90 + 7_000), (Codec.OPUS, reported * 48 + 123)):
                segmenter.clocks.report(codec, sender(START_MS + reported), rtp, START_MS + reported + 20)
            reported += 1000
        pieces += segmenter.push(frame)
    assert len(pieces) >= 4
    for piece in pieces[1:]:
        filmed = {int.from_bytes(sample.data[-4:], "big"): sample.ticks / 90 for sample in piece.video}
        heard = {int.from_bytes(sample.data[-4:], "big"): sample.ticks / 48 for sample in piece.audio}
        both = filmed.keys() & heard.keys()
        assert len(both) > 35
        assert max(abs(filmed[at] - heard[at]) for at in both) <= 40
