"""Scenes are repeatable pictures of the promised size; the painter paints what it is told to, there."""

import numpy as np
import pytest

from capture.simulate import lettering
from capture.simulate.devices import DEVICES
from capture.simulate.exam_paper import CHOSEN_AFTER_S, QUESTION_S
from capture.simulate.paint import Gradient, Layer, ellipse, outline, rounded
from capture.simulate.screen_scene import ScreenScene
from proctoring.exams.model import Stream

START_MS = 1_795_000_000_000


@pytest.mark.parametrize("stream", list(Stream))
def test_a_scene_depends_on_the_instant_alone(stream: Stream) -> None:
    """The same instant gives the same picture, whoever drew before; five seconds later it has changed."""
    device = DEVICES[stream]
    one, other = device.scene(2), device.scene(2)
    one.draw(START_MS + 400_000)
    first, again, later = one.draw(START_MS), other.draw(START_MS), one.draw(START_MS + 5000)
    assert first.shape == (device.shape.height, device.shape.width, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, later)


@pytest.mark.parametrize("stream", list(Stream))
def test_a_drawn_picture_is_the_callers(stream: Stream) -> None:
    """Writing on a picture does not show in the next one."""
    scene = DEVICES[stream].scene(0)
    clean = scene.draw(START_MS).copy()
    scene.draw(START_MS)[:] = 0
    assert np.array_equal(scene.draw(START_MS), clean)


def test_candidates_differ() -> None:
    """Two candidates do not look the same."""
    scene = DEVICES[Stream.WEBCAM].scene
    assert not np.array_equal(scene(0).draw(START_MS), scene(1).draw(START_MS))


def test_the_exam_advances() -> None:
    """An answer gets chosen within its question's time, and then the next question is shown."""
    scene, start = ScreenScene(0), START_MS - START_MS % (QUESTION_S * 1000)
    body = np.s_[165:660, 100:900]
    fresh = scene.draw(start + 5000)[body]
    answered = scene.draw(start + (CHOSEN_AFTER_S + 1) * 1000)[body]
    following = scene.draw(start + (QUESTION_S + 5) * 1000)[body]
    assert not np.array_equal(fresh, answered)
    assert not np.array_equal(fresh, following)


def test_a_filled_shape_covers_its_area() -> None:
    """A fill covers as much as the shape's area says, to two percent, and nothing outside its box."""
    layer = Layer(100, 80)
    layer.fill(ellipse(50, 40, 30, 20), "#ffffff")
    sprite = layer.sprite()
    assert sprite.pixels[:, :, 3].sum() / 255 == pytest.approx(np.pi * 30 * 20, rel=0.02)
    assert 19 <= sprite.x <= 20
    assert 19 <= sprite.y <= 20
    assert sprite.pixels.shape[1] <= 62
    assert sprite.pixels.shape[0] <= 42


def test_shapes_outside_the_layer_are_cut() -> None:
    """What lies beyond the edge, partly or wholly, is left out without harm."""
    layer = Layer(40, 30, "#000000")
    layer.fill(rounded(-20, -20, 40, 40, 4), "#ff0000")
    layer.fill(ellipse(500, 500, 20, 20), "#00ff00", soft=4)
    layer.fill(ellipse(-500, 10, 20, 20), "#00ff00")
    picture = layer.opaque()
    assert tuple(picture[5, 5]) == (0, 0, 255)
    assert tuple(picture[25, 35]) == (0, 0, 0)


def test_a_sprite_is_blended_and_cut() -> None:
    """Half-covering white on black gives grey; a sprite across the corner changes only what it overlaps."""
    layer = Layer(10, 10)
    layer.fill("M 0 0 L 10 0 L 10 10 L 0 10 Z", "#ffffff", 0.5)
    picture = np.zeros((20, 20, 3), np.uint8)
    layer.sprite().lay(picture, 15, 15)
    assert abs(int(picture[17, 17, 0]) - 128) <= 1
    assert picture[:15].sum() == 0
    layer.sprite().lay(picture, 50, 0)


def test_a_turn_by_nothing_changes_nothing() -> None:
    """A sprite turned by 0 degrees is itself; by 360 it is close to itself."""
    layer = Layer(60, 60)
    layer.fill(ellipse(30, 30, 12, 8), Gradient("#102030", "#a0b0c0", (18, 30), (42, 30)))
    sprite = layer.sprite(10)
    assert np.array_equal(sprite.turned((30, 30), 0).pixels, sprite.pixels)
    full = sprite.turned((30, 30), 360).pixels
    assert np.abs(full.astype(int) - sprite.pixels).max() <= 2


def test_an_unknown_word_in_a_path_is_refused() -> None:
    """A path with a number where a word belongs is a mistake of the drawing, said at once."""
    with pytest.raises(ValueError, match="no word"):
        outline("M 1 2 L 3 4 5 6")


def test_digits_keep_their_place() -> None:
    """A clock's letters are equally wide whatever the digits, so that it does not tremble."""
    assert lettering.mask("11:11", 12).shape == lettering.mask("08:48", 12).shape
