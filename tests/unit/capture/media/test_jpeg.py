"""A picture is checked by its structure and stripped, without being decoded."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from capture.media.jpeg import picture_only
from proctoring.errors import Invalid
from tests.support.decoded import read_image

COMMENT = b"\xff\xfe\x00\x08secret"
EXIF = b"\xff\xe1\x00\x10Exif\0\0position"


def jpeg(width: int = 320, height: int = 200, *options: int) -> bytes:
    """A picture with noise in it, so that its data hold stuffed zeros."""
    noise = np.random.default_rng(7).integers(0, 255, (height, width, 3), dtype=np.uint8)
    _, encoded = cv2.imencode(".jpg", noise, list(options))
    return encoded.tobytes()


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
    assert np.array_equal(read_image(kept), read_image(plain))
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


HIDDEN = b"hidden in the picture"


def after(data: bytes, marker: int, more: bytes) -> bytes:
    """These bytes more in the first segment of this marker, with its length made right."""
    at = data.index(bytes((0xFF, marker)))
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    end = at + 2 + length
    return data[: at + 2] + (length + len(more)).to_bytes(2, "big") + data[at + 4 : end] + more + data[end:]


def shorter(data: bytes, marker: int) -> bytes:
    """The last byte less in the first segment of this marker, with its length made right."""
    at = data.index(bytes((0xFF, marker)))
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    return (
        data[: at + 2]
        + (length - 1).to_bytes(2, "big")
        + data[at + 4 : at + 1 + length]
        + data[at + 2 + length :]
    )


def before(data: bytes, marker: int, more: bytes, which: int = 0) -> bytes:
    """These bytes before the marker's `which`-th segment."""
    parts = data.split(bytes((0xFF, marker)))
    head, tail = parts[: which + 1], parts[which + 1 :]
    mark = bytes((0xFF, marker))
    return mark.join(head) + more + mark + mark.join(tail)


def segment(marker: int, part: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(part) + 2).to_bytes(2, "big") + part


PROGRESSIVE = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
RESTARTS = (cv2.IMWRITE_JPEG_RST_INTERVAL, 4)
TABLE = bytes(range(1, 65))
CODE = b"\x00\x01" + bytes(14) + b"\x00"  # one code of two bits


def scan_of(data: bytes) -> bytes:
    """The last scan, from its marker to the end of the picture."""
    return data[data.rindex(b"\xff\xda") : -2]


Spoil = Callable[[bytes], bytes]

CUT: dict[str, Spoil] = {
    "every application segment": lambda d: (
        d[:2] + b"".join(segment(0xE0 + n, HIDDEN) for n in range(16)) + d[2:]
    ),
    "a comment between tables": lambda d: before(d, 0xC4, segment(0xFE, HIDDEN)),
    "a comment between scans": lambda d: before(d, 0xDA, segment(0xFE, HIDDEN), 2),
    "fill before a table": lambda d: before(d, 0xC4, b"\xff" * 4000),
    "fill before the end": lambda d: d[:-2] + b"\xff" * 4000 + d[-2:],
    "fill before a restart": lambda d: before(d, 0xD0, b"\xff" * 4000),
    "an Adobe segment's flags": lambda d: d[:2] + segment(0xEE, b"Adobe\x00\x64hide\x01") + d[2:],
    "behind the end": lambda d: d + HIDDEN,
}
REFUSED: dict[str, Spoil] = {
    "a quantisation table that is too short": lambda d: shorter(d, 0xDB),
    "a Huffman table that is too short": lambda d: shorter(d, 0xC4),
    "a surplus in a quantisation table": lambda d: after(d, 0xDB, HIDDEN),
    "a quantisation table again": lambda d: before(d, 0xDA, segment(0xDB, b"\x00" + TABLE)),
    "a quantisation table of nothing": lambda d: before(d, 0xDA, segment(0xDB, b"\x03" + TABLE)),
    "a surplus in a Huffman table": lambda d: after(d, 0xC4, HIDDEN),
    "a Huffman table of nothing": lambda d: before(d, 0xDA, segment(0xC4, b"\x03" + CODE)),
    "a Huffman table again and again": lambda d: before(d, 0xDA, segment(0xC4, b"\x00" + CODE) * 2),
    "a Huffman table that is no code": lambda d: before(
        d, 0xDA, segment(0xC4, b"\x03" + bytes(15) + b"\x15" + HIDDEN)
    ),
    "a surplus in the restart interval": lambda d: before(d, 0xDA, segment(0xDD, b"\0\0" + HIDDEN)),
    "a surplus in the frame": lambda d: after(d, 0xC2 if b"\xff\xc2" in d else 0xC0, HIDDEN),
    "a surplus in a scan's header": lambda d: after(d, 0xDA, HIDDEN),
    "a scan again": lambda d: d[:-2] + scan_of(d) + d[-2:],
    "restarts that are not said": lambda d: d[:-2] + b"\xff\xd0" + HIDDEN + d[-2:],
    "fill before a stuffed zero": lambda d: d[:-2] + b"\xff\xff\x00" + d[-2:],
    "bytes between scans": lambda d: before(d, 0xDA, HIDDEN),
    "a second picture": lambda d: before(d, 0xDA, segment(0xC0, b"\x08\0\x64\0\x64\x01\x01\x11\0")),
    "a reserved part": lambda d: before(d, 0xDA, segment(0xF7, HIDDEN)),
}


@pytest.mark.promise("P4")
@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("options", [(), PROGRESSIVE, RESTARTS], ids=["baseline", "progressive", "restarts"])
def test_what_hides_beside_the_picture_is_cut(name: str, options: tuple[int, ...]) -> None:
    """What is kept is byte for byte what is kept of the picture without it, but for Adobe's twelve bytes."""
    plain = jpeg(320, 200, *options)
    if ("restart" in name and options is not RESTARTS) or ("scans" in name and options is not PROGRESSIVE):
        return
    told = CUT[name](plain)
    assert told != plain
    kept, clean = picture_only(told), picture_only(plain)
    adobe = segment(0xEE, b"Adobe\x00\x64\0\0\0\0\x01")
    assert kept.replace(adobe, b"") == clean
    assert np.array_equal(read_image(kept), read_image(plain))


@pytest.mark.promise("P4")
@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("options", [(), PROGRESSIVE, RESTARTS], ids=["baseline", "progressive", "restarts"])
def test_a_picture_that_carries_more_than_itself_is_refused(name: str, options: tuple[int, ...]) -> None:
    """Whatever the picture's kind."""
    with pytest.raises(Invalid):
        picture_only(REFUSED[name](jpeg(320, 200, *options)))
