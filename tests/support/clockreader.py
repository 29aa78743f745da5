"""Reads the wall clock that a simulated candidate burnt into a picture."""

import binascii

import numpy as np
from numpy.typing import NDArray

from capture.simulate.clockstamp import CELLS, CHECK_BITS, TIME_BITS, cell_size

_CONTRAST_MIN = 60


def read_clock(picture: NDArray[np.uint8]) -> int | None:
    """Unix milliseconds from a picture (height x width, grey or colour), or None when it carries no clock."""
    grey = picture if picture.ndim == 2 else picture.mean(axis=2)
    cell = cell_size(grey.shape[1])
    inner = slice(cell // 4, cell - cell // 4)
    cells = [
        float(grey[inner, n * cell + cell // 4 : (n + 1) * cell - cell // 4].mean()) for n in range(CELLS)
    ]
    white, black = (cells[0] + cells[-1]) / 2, (cells[1] + cells[-2]) / 2
    if white - black < _CONTRAST_MIN:
        return None
    bits = np.array([cell > (white + black) / 2 for cell in cells[2:-2]])
    assert bits.size == TIME_BITS + CHECK_BITS
    data = np.packbits(bits).tobytes()
    time, check = data[: TIME_BITS // 8], data[TIME_BITS // 8 :]
    if binascii.crc_hqx(time, 0xFFFF) != int.from_bytes(check):
        return None
    return int.from_bytes(time)
