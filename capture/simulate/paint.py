"""A small painter: shapes given as paths, filled with smooth edges onto a layer that may be transparent.

A path is a string of `M x y`, `L x y`, `C x y x y x y`, `Q x y x y` and `Z`, absolute, in pixels. Every shape
is rasterised at `FINER` times the size and averaged down. That is expensive, so scenes are painted before the
first frame and only moved from frame to frame.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Real = NDArray[np.float32]
Colour = str  # "#rrggbb"
Point = tuple[float, float]

FINER = 4
_CURVE_STEPS = 24
_FRACTION_BITS = 4
_WORDS = re.compile(r"[MLCQZ]|-?\d+(?:\.\d+)?")


def bgr(colour: Colour) -> Real:
    """A `#rrggbb` colour as three floats 0–255, blue first."""
    return np.array([int(colour[i : i + 2], 16) for i in (5, 3, 1)], np.float32)


@dataclass(frozen=True, slots=True)
class Gradient:
    """Two colours, the first at `start`, the second at `end`, both in the layer's pixels."""

    first: Colour
    second: Colour
    start: Point
    end: Point

    def over(self, x: int, y: int, width: int, height: int) -> Real:
        """The gradient's colours for the box at (x, y): float, height x width x 3."""
        along = (self.end[0] - self.start[0], self.end[1] - self.start[1])
        xs = np.arange(x, x + width, dtype=np.float32)[None, :] - self.start[0]
        ys = np.arange(y, y + height, dtype=np.float32)[:, None] - self.start[1]
        share = np.clip((xs * along[0] + ys * along[1]) / (along[0] ** 2 + along[1] ** 2), 0, 1)[..., None]
        shades: Real = (bgr(self.first) * (1 - share) + bgr(self.second) * share).astype(np.float32)
        return shades


Paint = Colour | Gradient


def outline(path: str) -> list[NDArray[np.float32]]:
    """The path as polygons, curves cut into straight pieces. Raises ValueError on a word it does not know."""
    words = _WORDS.findall(path)
    shapes: list[list[Point]] = []
    at = 0

    def points(count: int) -> list[Point]:
        nonlocal at
        numbers = [float(word) for word in words[at : at + 2 * count]]
        at += 2 * count
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    while at < len(words):
        word = words[at]
        at += 1
        if word == "M":
            shapes.append(points(1))
        elif word == "L":
            shapes[-1] += points(1)
        elif word in "CQ":
            shapes[-1] += _curve([shapes[-1][-1], *points(3 if word == "C" else 2)])
        elif word != "Z":
            raise ValueError(f"A path has no word {word!r}.")
    return [np.array(shape, np.float32) for shape in shapes]


def _curve(control: Sequence[Point]) -> list[Point]:
    """A Bézier curve of any degree by de Casteljau's halving of distances, without its first point."""
    found = []
    for step in range(1, _CURVE_STEPS + 1):
        share, row = step / _CURVE_STEPS, list(control)
        while len(row) > 1:
            row = [(a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share) for a, b in pairwise(row)]
        found.append(row[0])
    return found


def rounded(x: float, y: float, width: float, height: float, radius: float) -> str:
    """The path of a rectangle with round corners."""
    r, right, low = radius, x + width, y + height
    return (
        f"M {x + r} {y} L {right - r} {y} Q {right} {y} {right} {y + r} L {right} {low - r} "
        f"Q {right} {low} {right - r} {low} L {x + r} {low} Q {x} {low} {x} {low - r} L {x} {y + r} "
        f"Q {x} {y} {x + r} {y} Z"
    )


def ellipse(x: float, y: float, wide: float, high: float) -> str:
    """The path of an ellipse about (x, y) with the two radii."""
    k, v = wide * 0.5523, high * 0.5523
    return (
        f"M {x - wide} {y} C {x - wide} {y - v} {x - k} {y - high} {x} {y - high} "
        f"C {x + k} {y - high} {x + wide} {y - v} {x + wide} {y} "
        f"C {x + wide} {y + v} {x + k} {y + high} {x} {y + high} "
        f"C {x - k} {y + high} {x - wide} {y + v} {x - wide} {y} Z"
    )


class Layer:
    """A picture under the brush: premultiplied blue, green, red and opacity as floats 0–255 and 0–1."""

    def __init__(self, width: int, height: int, ground: Paint | None = None) -> None:
        self.width, self.height = width, height
        self._colour: Real = np.zeros((height, width, 3), np.float32)
        self._opacity: Real = np.zeros((height, width, 1), np.float32)
        if ground is not None:
            self.fill(f"M 0 0 L {width} 0 L {width} {height} L 0 {height} Z", ground)

    def fill(self, path: str, paint: Paint, opacity: float = 1.0, soft: float = 0.0) -> None:
        """Fills the path; `soft` is the blur of its edge in pixels, for light and shade."""
        self._draw(outline(path), paint, opacity, soft, stroke=0.0)

    def line(self, path: str, width: float, paint: Paint, opacity: float = 1.0, soft: float = 0.0) -> None:
        """Draws along the path with a round pen of that width."""
        self._draw(outline(path), paint, opacity, soft, stroke=width)

    def stamp(self, mask: Pixels, x: int, y: int, paint: Paint) -> None:
        """Paints through a mask of coverage 0–255 whose top left corner is at (x, y)."""
        self._blend(mask.astype(np.float32) / np.float32(255), x, y, paint)

    def opaque(self) -> Pixels:
        """The picture on black: height x width x 3."""
        return self._colour.round().astype(np.uint8)

    def sprite(self, margin: int = 0) -> "Sprite":
        """What was painted, cut out with that margin about it, to be laid over pictures."""
        rows = np.flatnonzero(self._opacity.any(axis=(1, 2)))
        columns = np.flatnonzero(self._opacity.any(axis=(0, 2)))
        top, left = max(int(rows[0]) - margin, 0), max(int(columns[0]) - margin, 0)
        box = np.s_[top : int(rows[-1]) + margin + 1, left : int(columns[-1]) + margin + 1]
        whole = np.concatenate([self._colour[box], self._opacity[box] * 255], axis=2)
        return Sprite(whole.round().astype(np.uint8), left, top)

    def _draw(self, shapes: list[Real], paint: Paint, opacity: float, soft: float, stroke: float) -> None:
        margin = int(stroke / 2 + soft * 3) + 2
        corners = np.concatenate(shapes)
        left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int) - margin, -margin)
        right, low = np.ceil(corners.max(axis=0)).astype(int) + margin
        right, low = min(right, self.width + margin), min(low, self.height + margin)
        if right <= left or low <= top:
            return
        fine = np.zeros(((low - top) * FINER, (right - left) * FINER), np.uint8)
        scale = FINER * (1 << _FRACTION_BITS)
        cells = [((shape - (left, top)) * scale).round().astype(np.int32) for shape in shapes]
        if stroke:
            thickness = max(1, round(stroke * FINER))
            cv2.polylines(fine, cells, False, 255, thickness, cv2.LINE_AA, _FRACTION_BITS)
        else:
            cv2.fillPoly(fine, cells, 255, cv2.LINE_8, _FRACTION_BITS)
        mask = cv2.resize(fine, (int(right - left), int(low - top)), interpolation=cv2.INTER_AREA)
        cover = mask.astype(np.float32) * np.float32(opacity / 255)
        if soft:
            cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), soft), np.float32)
        self._blend(cover, int(left), int(top), paint)

    def _blend(self, cover: Real, x: int, y: int, paint: Paint) -> None:
        left, top = max(x, 0), max(y, 0)
        right, low = min(x + cover.shape[1], self.width), min(y + cover.shape[0], self.height)
        if right <= left or low <= top:
            return
        part = cover[top - y : low - y, left - x : right - x, None]
        shade = paint.over(left, top, right - left, low - top) if isinstance(paint, Gradient) else bgr(paint)
        colour, opacity = self._colour[top:low, left:right], self._opacity[top:low, left:right]
        colour *= 1 - part
        colour += part * shade
        opacity *= 1 - part
        opacity += part


@dataclass(frozen=True, slots=True)
class Sprite:
    """A transparent picture, height x width x 4, premultiplied, and its corner on the picture."""

    pixels: Pixels
    x: int
    y: int

    def lay(self, picture: Pixels, dx: int = 0, dy: int = 0) -> None:
        """Lays it over a picture in place, moved by whole pixels; what sticks out is cut off."""
        x, y = self.x + dx, self.y + dy
        left, top = max(x, 0), max(y, 0)
        right = min(x + self.pixels.shape[1], picture.shape[1])
        low = min(y + self.pixels.shape[0], picture.shape[0])
        if right <= left or low <= top:
            return
        part = self.pixels[top - y : low - y, left - x : right - x]
        under = picture[top:low, left:right, :3]
        clear = cv2.cvtColor(255 - part[:, :, 3], cv2.COLOR_GRAY2BGR)
        under[...] = cv2.add(cv2.multiply(under, clear, scale=1 / 255), part[:, :, :3])

    def turned(self, about: Point, degrees: float, dx: float = 0.0, dy: float = 0.0) -> "Sprite":
        """The sprite turned clockwise about a point of its picture and moved by fractions of a pixel.

        It keeps its size, so its margin must leave room for the turn.
        """
        matrix = cv2.getRotationMatrix2D((about[0] - self.x, about[1] - self.y), -degrees, 1.0)
        matrix[:, 2] += np.array([dx, dy])
        size = (self.pixels.shape[1], self.pixels.shape[0])
        return Sprite(np.asarray(cv2.warpAffine(self.pixels, matrix, size), np.uint8), self.x, self.y)

    def copy(self) -> "Sprite":
        """Its own pixels, to be drawn upon."""
        return Sprite(self.pixels.copy(), self.x, self.y)
