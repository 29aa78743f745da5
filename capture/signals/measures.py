"""Figures of a picture, of two pictures, and of sound: pure functions, run in the child process alone.

A picture is height x width x 3 bytes, BGR. What a figure means for a signal is said in
`capture.signals.rules`; whoever changes a function here raises the version of its detectors there.
"""

from functools import cache
from importlib.resources import files
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.media.jpeg import SIDE_PX_MIN
from capture.signals.wire import GIST_HEIGHT, GIST_WIDTH

Picture = NDArray[np.uint8]
Samples = NDArray[np.float32]

DETAIL_WIDTH = 160
FACES_WIDTH = 320
FACE_SHARE_MIN = 1 / 7  # of the picture's height; somebody at a desk is larger
FACE_SCALE = 1.1
FACE_NEIGHBOURS = 3
BLOCK = 4  # a block of the gist, in its pixels
BLOCK_STEP = 10  # grey levels by which some pixel of a changed block has changed
THUMBNAIL_WIDTH = 208
THUMBNAIL_SIDE_MAX = 512
THUMBNAIL_QUALITY = 60
SILENT_DBFS = -100.0


def gist(picture: Picture) -> Picture:
    """The picture's luma, GIST_HEIGHT x GIST_WIDTH."""
    small = cv2.resize(_grey(picture), (GIST_WIDTH, GIST_HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def luma(of: Picture) -> float:
    """Mean luma of a gist, 0 to 255."""
    return float(of.mean())


def detail(picture: Picture) -> float:
    """Standard deviation of the Laplacian, in grey levels, at DETAIL_WIDTH: near 0 when a hand or a cap
    covers the lens."""
    return float(cv2.Laplacian(_grey(_narrow(picture, DETAIL_WIDTH)), cv2.CV_32F).std())


def motion(before: Picture, now: Picture) -> float:
    """Mean difference of two gists, in grey levels; a living camera's noise alone gives more than 0."""
    return float(np.abs(before.astype(np.int16) - now).mean())


def changed(before: Picture, now: Picture) -> float:
    """Share of the blocks of two gists that differ, 0 to 1."""
    steps = np.abs(before.astype(np.int16) - now)
    blocks = steps.reshape(GIST_HEIGHT // BLOCK, BLOCK, GIST_WIDTH // BLOCK, BLOCK).max(axis=(1, 3))
    return float((blocks >= BLOCK_STEP).mean())


def faces(picture: Picture) -> int:
    """How many faces are seen from the front: counted, and nothing else is kept of them."""
    small = _grey(_narrow(picture, FACES_WIDTH))
    side = max(20, round(small.shape[0] * FACE_SHARE_MIN))
    found = _cascade().detectMultiScale(small, FACE_SCALE, FACE_NEIGHBOURS, minSize=(side, side))
    return len(found)


def thumbnail(picture: Picture) -> bytes:
    """A JPEG, THUMBNAIL_WIDTH wide, wider where it would be too flat; empty for one of no sane shape."""
    height, width = picture.shape[:2]
    small = _narrow(picture, max(THUMBNAIL_WIDTH, ceil(SIDE_PX_MIN * width / height)))
    if min(small.shape[:2]) < SIDE_PX_MIN or max(small.shape[:2]) > THUMBNAIL_SIDE_MAX:
        return b""
    made, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, THUMBNAIL_QUALITY])
    return data.tobytes() if made else b""


def level(samples: Samples) -> float:
    """The sound's level over all of it, in dBFS of a full-scale square wave; SILENT_DBFS at the lowest."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if samples.size else 0.0
    return max(SILENT_DBFS, 10 * float(np.log10(power))) if power > 0 else SILENT_DBFS


@cache
def _cascade() -> cv2.CascadeClassifier:
    """Comes with OpenCV. Loaded once, before the child gives up the right to open files."""
    folder = files("cv2") / "data"
    return cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_default.xml"))


def _narrow(picture: Picture, width: int) -> Picture:
    if picture.shape[1] <= width:
        return picture
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _grey(picture: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
