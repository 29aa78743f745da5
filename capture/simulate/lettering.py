"""Text as masks of coverage: OpenCV's stroke letters, drawn larger and averaged down to be smooth."""

from functools import lru_cache

import cv2
import numpy as np

from capture.simulate.paint import Layer, Paint, Pixels

_FINER = 4
_CAPITAL_UNITS = 21.0
_TRACKING = 0.90
_MONOSPACED = frozenset("0123456789")
_FONT = cv2.FONT_HERSHEY_SIMPLEX

REGULAR = 0.115
BOLD = 0.185


@lru_cache(maxsize=512)
def mask(text: str, size: float, weight: float = REGULAR) -> Pixels:
    """The text, ASCII, with capitals `size` pixels high: coverage 0–255, its baseline at `baseline(size)`."""
    scale = size * _FINER / _CAPITAL_UNITS
    pen = max(1, round(size * _FINER * weight))
    down = baseline(size) * _FINER
    places, x = [], float(pen)
    for letter in text:
        places.append(round(x))
        x += _advance(letter, scale)
    wide = -(-int(x + pen) // _FINER)
    fine = np.zeros((-(-round(size * 1.7) // 1) * _FINER, wide * _FINER), np.uint8)
    for letter, place in zip(text, places, strict=True):
        cv2.putText(fine, letter, (place, down), _FONT, scale, 255, pen, cv2.LINE_AA)
    return np.asarray(
        cv2.resize(fine, (wide, fine.shape[0] // _FINER), interpolation=cv2.INTER_AREA), np.uint8
    )


def _advance(letter: str, scale: float) -> float:
    """Digits keep one width, so that a running clock keeps its place."""
    (wide, _), _ = cv2.getTextSize("0" if letter in _MONOSPACED else letter, _FONT, scale, 1)
    return float(wide) * _TRACKING


def baseline(size: float) -> int:
    """The baseline of letters of that size, in pixels below the mask's top."""
    return round(size * 1.2)


def write(
    layer: Layer, text: str, x: float, y: float, *, size: float, paint: Paint, weight: float = REGULAR
) -> None:
    """Writes on a layer with the baseline's left end at (x, y)."""
    layer.stamp(mask(text, size, weight), round(x), round(y) - baseline(size), paint)


def put(
    picture: Pixels, text: str, x: int, y: int, *, size: float, grey: int, weight: float = REGULAR
) -> None:
    """Writes on a finished picture in place, in one shade of grey, the baseline's left end at (x, y)."""
    letters = mask(text, size, weight)
    top = y - baseline(size)
    part = picture[top : top + letters.shape[0], x : x + letters.shape[1]]
    cover = letters[: part.shape[0], : part.shape[1], None].astype(np.uint16)
    part[...] = ((part * (255 - cover) + grey * cover) // 255).astype(np.uint8)
