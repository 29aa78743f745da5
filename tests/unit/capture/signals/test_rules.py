"""From figures to signals: when one begins, how long it goes on, what it says of itself."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from capture.signals.rules import DETECTORS, SIGNALS_PER_TAKE_MAX, Tracker
from proctoring.exams.model import Stream
from proctoring.signals.model import RAISES_FLAG, Signal, SignalKind

LOOK_MS = 4_000


def tracked(stream: Stream, figure: str, values: list[float | None]) -> list[Signal]:
    """The signals of looks LOOK_MS apart; None is a look that did not happen."""
    tracker = Tracker(stream)
    for number, value in enumerate(values):
        if value is not None:
            tracker.take(number * LOOK_MS, (number + 1) * LOOK_MS, {figure: value})
    return tracker.signals


def test_a_signal_says_what_measured_and_against_what() -> None:
    """Detector, version, threshold, and of the values the one furthest beyond; from first to last look."""
    assert tracked(Stream.WEBCAM, "luma", [90.0, 12.0, 7.5, 11.0, 90.0]) == [
        Signal(SignalKind.DARK, "mean-luma", 1, 16, "luma", 7.5, 1 * LOOK_MS, 4 * LOOK_MS)
    ]


def test_a_glimpse_is_no_signal() -> None:
    """What does not last is not told; what lasts is told while it lasts."""
    assert tracked(Stream.WEBCAM, "faces", [1, 0, 0, 1]) == []
    (told,) = tracked(Stream.WEBCAM, "faces", [1, 0, 0, 0])
    assert (told.kind, told.start_ms, told.end_ms) == (SignalKind.NO_FACE, LOOK_MS, 4 * LOOK_MS)


def test_a_figure_that_trembles_about_the_threshold_makes_one_signal() -> None:
    """Between threshold and release a signal goes on; it does not begin there."""
    assert len(tracked(Stream.WEBCAM, "luma", [15, 15, 20, 15, 20, 15, 90])) == 1
    assert tracked(Stream.WEBCAM, "luma", [20] * 9) == []


def test_nothing_is_told_of_what_nobody_looked_at() -> None:
    """One dropped look does not cut a signal; a longer stretch does."""
    (whole,) = tracked(Stream.WEBCAM, "luma", [5, 5, None, 5])
    assert whole.end_ms == 4 * LOOK_MS
    first, second = tracked(Stream.WEBCAM, "luma", [5, 5, None, None, None, 5, 5])
    assert (first.end_ms, second.start_ms) == (2 * LOOK_MS, 5 * LOOK_MS)


def test_one_cause_makes_one_signal() -> None:
    """A capped lens shows no detail, no motion and no face either; only that it is dark is told."""
    tracker = Tracker(Stream.WEBCAM)
    for at in range(0, 40_000, LOOK_MS):
        tracker.take(at, at + LOOK_MS, {"luma": 0.0, "detail": 0.0, "motion": 0.0, "faces": 0})
    assert [one.kind for one in tracker.signals] == [SignalKind.DARK]


def test_each_stream_has_its_own_detectors() -> None:
    """Nobody counts faces on a screen or a phone, and no still screen is called frozen."""
    for stream in (Stream.PHONE, Stream.SCREEN):
        assert tracked(stream, "faces", [0] * 20) == []
    assert tracked(Stream.SCREEN, "motion", [0.0] * 20) == []
    assert [one.kind for one in tracked(Stream.SCREEN, "changed", [0.5])] == [SignalKind.SCREEN_CHANGED]


def test_every_kind_has_one_detector_and_none_judges() -> None:
    """The vocabulary is closed: what is measured, never who somebody is or how they feel."""
    assert set(DETECTORS) == set(SignalKind)
    assert set(RAISES_FLAG) <= set(SignalKind)
    assert {one.figure for one in DETECTORS.values()} == {
        "luma",
        "detail",
        "motion",
        "faces",
        "changed",
        "level",
    }


@given(st.lists(st.one_of(st.none(), st.floats(0, 255)), max_size=60))
def test_signals_of_a_kind_never_overlap_and_lie_where_was_looked(values: list[float | None]) -> None:
    """Whatever the figures: in order, disjoint, as long as they must, within the looks."""
    signals = tracked(Stream.PHONE, "luma", values)
    for one, following in itertools.pairwise(signals):
        assert one.end_ms <= following.start_ms
    for one in signals:
        assert one.end_ms - one.start_ms >= DETECTORS[one.kind].lasts_ms
        assert values[one.start_ms // LOOK_MS] is not None
        assert values[one.end_ms // LOOK_MS - 1] is not None


def test_a_take_tells_so_many_signals_and_no_more() -> None:
    """A screen that changes at every other look for a week does not fill the memory."""
    flicker = [0.9, 0.0] * (SIGNALS_PER_TAKE_MAX + 10)
    assert len(tracked(Stream.SCREEN, "changed", list(flicker))) == SIGNALS_PER_TAKE_MAX
