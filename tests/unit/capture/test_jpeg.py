"""A picture is checked by its structure and stripped, without being decoded."""

import cv2
import numpy as np
import pytest

from capture.media.jpeg import picture_only
from proctoring.errors import Invalid

COMMENT = b"\xff\xfe\x00\x08secret"
EXIF = b"\xff\xe1\x00\x10Exif\0\0position"


def jpeg(width: int = 320, height: int = 200, *options: int) -> bytes:
    """A picture with noise in it, so that its data hold stuffed zeros."""
    noise = np.random.default_rng(7).integers(0, 255, (height, width, 3), dtype=np.uint8)
    _, encoded = cv2.imencode(".jpg", noise, list(options))
    return encoded.tobytes()


def pixels(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    "options",
    [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 4)],
    ids=["baseline", "progressive", "restarts"],
)
def test_the_picture_stays_and_nothing_else(options: tuple[int, ...]) -> None:
    """Same pixels; comments, position and what lies behind the end are gone."""
    plain = jpeg(320, 200, *options)
    told = plain[:2] + EXIF + COMMENT + plain[2:] + b"behind the end"
    kept = picture_only(told)
    assert np.array_equal(pixels(kept), pixels(plain))
    for secret in (b"Exif", b"position", b"secret", b"JFIF", b"behind"):
        assert secret not in kept


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff\xd9",
        b"\x89PNG\r\n\x1a\n",
        b"<svg/>",
        jpeg()[:-400],
        jpeg()[:100],
        jpeg()[:-2],
        jpeg(32, 32),
        jpeg(5000, 80),
        jpeg()[:2] + b"\xff\xc9\x00\x04ab" + jpeg()[2:],
        jpeg()[:2] + b"\xff\xfe\x00\x02" * 300 + jpeg()[2:],
        jpeg()[:2] + b"\xff\xe1\x00\x01" + jpeg()[2:],
    ],
)
def test_what_is_no_whole_picture_is_refused(data: bytes) -> None:
    """Empty, another format, cut off, too small, too large, arithmetic coding, a part without end."""
    with pytest.raises(Invalid):
        picture_only(data)
