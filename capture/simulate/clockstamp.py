"""Draws the wall clock into a picture: as UTC text for people, as a strip of cells at the top for tests.

The strip's cells are black or white squares from the left edge. Their side is an eightieth of the picture's
width:

    white black | 48 bits of Unix milliseconds, most significant first | 16 bits of CRC | black white

The CRC is CCITT's polynomial from 0xFFFF over the six bytes, so that a picture without a strip does not read
as a time. The four marks give black and white as this picture's encoder left them.
"""

import binascii
from datetime import UTC, datetime

import cv2
import numpy as np

from capture.simulate import lettering
from capture.simulate.paint import Pixels

TIME_BITS = 48
CHECK_BITS = 16
CELLS = 2 + TIME_BITS + CHECK_BITS + 2
CELLS_PER_WIDTH = 80
DARK, LIGHT = 24, 224

_PLATE_SHADE = 0.25
_TEXT_SIZE_MAX = 12


def cell_size(width: int) -> int:
    """A cell's edge in pixels in a picture that wide."""
    return width // CELLS_PER_WIDTH


def bits(unix_ms: int) -> list[int]:
    """The strip's cells for that instant, 1 for white. Raises OverflowError beyond 48 bits."""
    time = unix_ms.to_bytes(TIME_BITS // 8)
    check = binascii.crc_hqx(time, 0xFFFF).to_bytes(CHECK_BITS // 8)
    data = np.unpackbits(np.frombuffer(time + check, np.uint8))
    return [1, 0, *(int(bit) for bit in data), 0, 1]


def stamp(picture: Pixels, unix_ms: int) -> None:
    """Writes the instant into the picture (height x width x 3) in place."""
    cell = cell_size(picture.shape[1])
    _write(picture, text(unix_ms), cell)
    row = np.array([bits(unix_ms)], np.uint8) * (LIGHT - DARK) + DARK
    strip = cv2.resize(row, (CELLS * cell, cell), interpolation=cv2.INTER_NEAREST)
    picture[:cell, : CELLS * cell] = strip[:, :, None]


def text(unix_ms: int) -> str:
    """The instant as people read it: `HH:MM:SS.mmm` in UTC."""
    return datetime.fromtimestamp(unix_ms // 1000, UTC).strftime("%H:%M:%S") + f".{unix_ms % 1000:03d}"


def _write(picture: Pixels, words: str, cell: int) -> None:
    """A dark plate in the top right corner, the text on it letter by letter from the letters' cache."""
    size = min(cell + 1, _TEXT_SIZE_MAX)
    advance = [lettering.mask(letter, size).shape[1] - size // 4 for letter in words]
    wide, high = sum(advance) + 2 * size, round(size * 2.4)
    plate = picture[:high, picture.shape[1] - wide :]
    plate[...] = (plate * _PLATE_SHADE).astype(np.uint8)
    x = picture.shape[1] - wide + size
    for letter, step in zip(words, advance, strict=True):
        lettering.put(picture, letter, x, round(size * 1.7), size=size, grey=LIGHT)
        x += step
