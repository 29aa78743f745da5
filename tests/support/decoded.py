"""Decoded pictures and times, with the types that FFmpeg and OpenCV leave open."""

from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def seconds(of: "av.Packet[Any] | av.VideoFrame | av.AudioFrame") -> float:
    """When it is shown or heard, from the beginning of its file. Fails for what has no time."""
    assert of.pts is not None and of.time_base is not None
    return float(of.pts * of.time_base)


def bgr(frame: av.VideoFrame) -> Pixels:
    """Height x width x 3."""
    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def read_image(data: bytes) -> Pixels:
    """A PNG or JPEG, height x width x 3. Fails for what is none."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)
