"""Figures of the detectors about pictures and sounds whose truth is known."""

import cv2
import numpy as np
import pytest

from capture.media.jpeg import picture_only
from capture.signals import measures
from capture.signals.decode import decode
from capture.signals.rules import DETECTORS
from capture.signals.wire import THUMBNAIL_BYTES_MAX
from capture.simulate.paint import Pixels
from capture.simulate.webcam_scene import WebcamScene
from proctoring.signals.model import SignalKind
from tests.support.signals import black, segment

AT_MS = 1_763_280_000_000


def person(number: int = 0, ms: int = 0) -> Pixels:
    """A drawn candidate at a desk."""
    return WebcamScene(number).draw(AT_MS + ms)


def hand() -> Pixels:
    """What a camera sees through a hand: colour, some light, no edge."""
    rows = np.linspace(70, 120, 480)[:, None, None]
    picture = rows * np.array([0.5, 0.6, 1.0]) + np.zeros((480, 640, 3))
    return np.asarray(picture, np.uint8)


def beyond(kind: SignalKind, value: float) -> bool:
    return DETECTORS[kind].is_beyond(value, DETECTORS[kind].threshold)


def test_dark_is_dark_and_a_lit_room_is_not() -> None:
    """A capped lens with some noise is dark; a person in a room is not."""
    noise = np.random.default_rng(1).integers(0, 12, (240, 320, 3), np.uint8)
    for picture, dark in ((black(), True), (noise, True), (person(), False), (hand(), False)):
        assert beyond(SignalKind.DARK, measures.luma(measures.gist(picture))) is dark


def test_a_hand_has_no_detail_and_a_room_has() -> None:
    """A covered lens is told from a room by its edges, not by its light."""
    assert beyond(SignalKind.COVERED, measures.detail(hand()))
    assert not beyond(SignalKind.COVERED, measures.detail(person()))


def test_a_still_picture_is_frozen_and_a_living_one_is_not() -> None:
    """Breath and the noise of a camera are enough to be alive; the same picture again is not."""
    before = measures.gist(person())
    assert beyond(SignalKind.FROZEN, measures.motion(before, before))
    noise = np.random.default_rng(2).normal(0, 3, person().shape)
    noisy = np.clip(person() + noise, 0, 255).astype(np.uint8)
    assert not beyond(SignalKind.FROZEN, measures.motion(before, measures.gist(noisy)))
    assert not beyond(SignalKind.FROZEN, measures.motion(before, measures.gist(person(ms=1_500))))


@pytest.mark.parametrize("number", range(3))
def test_faces_are_counted(number: int) -> None:
    """None on a wall, one of one candidate, two of two; each candidate's own looks make no difference."""
    one = person(number)
    assert measures.faces(np.full_like(one, 180)) == 0
    assert measures.faces(one) == 1
    beside = person((number + 1) % 3)
    assert measures.faces(np.hstack([one[:, 160:480], beside[:, 160:480]])) == 2


def test_another_window_changes_the_screen_and_a_caret_does_not() -> None:
    """The share of changed blocks; a caret is less than the threshold, another page more."""
    page = np.full((720, 1280, 3), 240, np.uint8)
    for line in range(12):
        cv2.putText(page, "a line of an exam paper", (60, 80 + 50 * line), 0, 1.2, (40, 40, 40), 2)
    caret = page.copy()
    caret[300:340, 500:503] = 0
    before = measures.gist(page)
    assert not beyond(SignalKind.SCREEN_CHANGED, measures.changed(before, measures.gist(caret)))
    other = measures.gist(np.full_like(page, 30))
    assert beyond(SignalKind.SCREEN_CHANGED, measures.changed(before, other))


@pytest.mark.parametrize(
    ("loudness", "silent", "speech"), [(0.0, True, False), (0.005, False, False), (0.1, False, True)]
)
def test_silence_and_speech_are_levels(loudness: float, silent: bool, speech: bool) -> None:
    """Through the decoder: nothing, a quiet room at -49 dBFS, a voice at -23 dBFS."""
    _, samples = decode(segment(black(), loudness))
    assert samples is not None
    level = measures.level(samples)
    assert beyond(SignalKind.SILENCE, level) is silent
    assert beyond(SignalKind.SPEECH_LEVEL, level) is speech


@pytest.mark.parametrize(
    ("width", "height", "told"),
    [
        (640, 480, True),
        (480, 854, True),
        (5120, 1440, True),
        (40, 40, False),
        (64, 2048, False),
        (4000, 64, False),
    ],
)
def test_a_thumbnail_is_a_picture_that_the_parent_takes(width: int, height: int, told: bool) -> None:
    """Of a phone held upright and of the widest screen; of what has no sane shape there is none."""
    made = measures.thumbnail(np.random.default_rng(3).integers(0, 255, (height, width, 3), np.uint8))
    assert bool(made) is told
    assert len(made) <= THUMBNAIL_BYTES_MAX
    assert not made or picture_only(made)


def test_the_first_picture_of_a_segment_is_decoded() -> None:
    """The picture that went in comes out, as far as the codec is faithful."""
    picture, _ = decode(segment(person()))
    assert picture is not None
    assert np.abs(picture.astype(int) - person()).mean() < 8
